import { randomBytes } from 'node:crypto';
import { cpSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { EXIT } from '../../src/cli/program.ts';
import { type Config, loadConfig } from '../../src/config.ts';
import { openLedger } from '../../src/ledger/open.ts';
import { replaceLostKey } from '../../src/ledger/published/rotate.ts';
import { rotate } from '../../src/ledger-commands/rotate.ts';
import { openWitnesses } from '../../src/witness/open.ts';
import { openPlace, type Place } from '../ledger/published/place.ts';
import { all, decision, parsed, temporaryFolder } from '../ledger/samples.ts';
import { FakeWitness } from '../witness/fake-witness.ts';

// A ledger is set back, and its log ended before anybody who knows more of it is asked; and a witness that lies.

let witness: FakeWitness;
beforeEach(async () => {
  witness = await FakeWitness.start();
});
afterEach(() => witness.close());

let count = 0;

async function grow(place: Place, more: number): Promise<void> {
  const receipts = await Promise.all(
    Array.from({ length: more }, () => place.ledger.append(decision({ id: `d${count++}` }))),
  );
  await place.log.published(Math.max(...receipts.map(({ seq }) => seq)));
}

function configOf(dir: string): Config {
  const policy = join(temporaryFolder(), 'witnesses');
  writeFileSync(policy, `witness w1 ${witness.vkey} ${witness.url}\nquorum w1\n`);
  return loadConfig({ SALLYPORT_DATA: dir, SALLYPORT_WITNESS_POLICY: policy });
}

/** What the first entries of later logs say of why they began. */
async function begun(dir: string) {
  const ledger = await openLedger({ dir });
  const entries = await all(ledger, { type: 'log' });
  await ledger.close();
  return entries.map(({ bytes }) => parsed(bytes) as { reason: string; base: number; known?: unknown });
}

test('set back and rotated: the witness is asked before the old log is signed again, and for the last time', async () => {
  const place = await openPlace();
  await grow(place, 5);
  await place.close();
  const { origin, vkey } = place.log.current;
  witness.know(vkey);
  witness.seen.set(origin, { size: 9, root: randomBytes(32) });
  const before = readFileSync(join(place.places.running, 'checkpoint'), 'utf8');
  const said: string[] = [];
  const config = configOf(place.dir);
  const code = await rotate(
    {
      env: {},
      version: '0',
      now: Date.now,
      configured: () => config,
      orSay: (work) => work(),
      out: { print: () => {}, say: (line) => said.push(line) },
    },
    {},
  );
  expect(code).toBe(EXIT.ok);
  expect(said.join('\n')).toContain('THE LOG WAS ROLLED BACK');
  expect((await begun(place.dir)).map(({ reason }) => reason)).toContain('rollback');
  expect(readFileSync(join(place.places.ended(1), 'checkpoint'), 'utf8')).toBe(before);
});

test('set back, and the key removed: the copy of the head is asked, and no number is given twice', async () => {
  const dir = temporaryFolder();
  const saved = temporaryFolder();
  const headCopy = join(temporaryFolder(), 'head');
  const first = await openPlace(dir, { headCopy });
  await grow(first, 5);
  await first.close();
  cpSync(dir, saved, { recursive: true });
  const second = await openPlace(dir, { headCopy });
  await grow(second, 7);
  await second.close();
  rmSync(dir, { recursive: true });
  cpSync(saved, dir, { recursive: true });
  rmSync(first.places.key);
  const ledger = await openLedger({ dir });
  const alarms: string[] = [];
  const { row } = await replaceLostKey({
    places: first.places,
    store: ledger.store,
    ledger,
    name: null,
    headCopy,
    now: Date.now,
    alarm: (kind) => alarms.push(kind),
    say: () => {},
    failed: () => {},
  }).finally(() => ledger.close());
  expect(alarms).toEqual(['log-rolled-back']);
  expect(row.base).toBeGreaterThan(12);
  expect(await begun(dir)).toMatchObject([{ reason: 'rollback', known: { size: 12, from: 'head-copy' } }]);
});

test('a witness that has seen more entries than there can be is not believed, and costs no numbers', async () => {
  const dir = temporaryFolder();
  const first = await openPlace(dir);
  await grow(first, 3);
  await first.close();
  for (const size of ['9007199254740991', '9007199254000000', '1099511627777']) {
    witness.instead = { status: 409, type: 'text/x.tlog.size', body: `${size}\n` };
    const alarms: string[] = [];
    const witnesses = await openWitnesses(configOf(dir), {
      now: Date.now,
      alarm: (kind) => alarms.push(kind),
      failed: () => {},
    });
    const place = await openPlace(dir, { ...(witnesses && { askWitnesses: witnesses.known }) });
    expect(place.log.current).toMatchObject({ number: 1, base: 0 });
    expect(alarms).toEqual(['witness-refused']);
    await grow(place, 1);
    await place.close();
    await witnesses?.close();
  }
});
