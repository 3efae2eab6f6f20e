import { existsSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { signerKey } from '../../../src/ledger/log/note.ts';
import { openLedger } from '../../../src/ledger/open.ts';
import { LogPlaces } from '../../../src/ledger/published/log-places.ts';
import type { PublishedLogOptions } from '../../../src/ledger/published/options.ts';
import { type Rotated, replaceLostKey, rotateLog } from '../../../src/ledger/published/rotate.ts';
import { all, decision, parsed, temporaryFolder } from '../samples.ts';
import { audit, openPlace } from './place.ts';

/** What the command does, on a folder that no server has. */
async function rotate(
  dir: string,
  how = rotateLog,
  given: Partial<PublishedLogOptions> = {},
): Promise<Rotated> {
  const ledger = await openLedger({ dir });
  const options: PublishedLogOptions = {
    places: new LogPlaces(dir),
    store: ledger.store,
    name: null,
    headCopy: null,
    now: Date.now,
    alarm: () => undefined,
    say: () => undefined,
    failed: () => undefined,
    ...given,
  };
  return how({ ...options, ledger }).finally(() => ledger.close());
}

async function withEntries(count: number): Promise<string> {
  const dir = temporaryFolder();
  const place = await openPlace(dir);
  await Promise.all(Array.from({ length: count }, (_, i) => place.ledger.append(decision({ id: `d${i}` }))));
  await place.close();
  return dir;
}

test('a rotation: the old log says which key comes next, the new one begins with the old head', async () => {
  const dir = await withEntries(260);
  const places = new LogPlaces(dir);
  const oldKey = readFileSync(places.key, 'utf8');
  const headCopy = join(temporaryFolder(), 'head');
  const { row, previous } = await rotate(dir, rotateLog, { headCopy });
  expect(row).toMatchObject({ number: 2, base: 261 });
  const [old, fresh] = [await audit(places.ended(1)), await audit(places.running)];
  expect(old).toMatchObject({ origin: previous.origin, size: 261, root: previous.root });
  expect(parsed(old.entries[260] ?? '')).toMatchObject({
    type: 'admin',
    code: 'key-rotated',
    log: 2,
    origin: row.origin,
    vkey: row.vkey,
  });
  expect(fresh).toMatchObject({ origin: row.origin, size: 1 });
  expect(parsed(fresh.entries[0] ?? '')).toMatchObject({
    type: 'log',
    reason: 'rotation',
    previous,
    vkey: row.vkey,
  });
  // The old key is nowhere any more, and the new one is its owner's alone.
  expect(readdirSync(places.ledger)).not.toContain('key.next');
  expect(statSync(places.key).mode & 0o777).toBe(0o600);
  expect(readFileSync(places.key, 'utf8')).not.toBe(oldKey);
  expect(signerKey(readFileSync(places.key, 'utf8').trimEnd()).vkey).toBe(row.vkey);
  expect(readFileSync(headCopy, 'utf8')).toContain(row.origin);

  const place = await openPlace(dir, { headCopy });
  await place.log.published((await place.ledger.append(decision())).seq);
  expect((await audit(places.running)).size).toBe(2);
  expect((await place.log.files(1).read('checkpoint'))?.length).toBeGreaterThan(0);
  expect((await all(place.ledger)).map(({ seq }) => seq)).toEqual(Array.from({ length: 263 }, (_, i) => i));
  await expect(place.log.published(3)).rejects.toMatchObject({ code: 'unavailable' });
});

test('a lost key: the old log ends with what it signed, and what it did not sign is told', async () => {
  const dir = await withEntries(10);
  const places = new LogPlaces(dir);
  await expect(rotate(dir, replaceLostKey)).rejects.toThrow(/is there.*without --key-lost/);
  // An entry that was acknowledged and never published.
  const ledger = await openLedger({ dir });
  await ledger.append(decision({ id: 'unsigned' }));
  await ledger.close();
  rmSync(places.key);
  await expect(rotate(dir)).rejects.toThrow(/no key.*--key-lost/);
  const { row, previous } = await rotate(dir, replaceLostKey);
  expect(previous).toMatchObject({ size: 11, signed: 10 });
  expect(row).toMatchObject({ number: 2, base: 11 });
  expect((await audit(places.ended(1))).size).toBe(10);
  expect((await audit(places.running)).size).toBe(1);
});

test('a name from the configuration is that of the next log', async () => {
  const dir = await withEntries(1);
  const { row } = await rotate(dir, rotateLog, { name: 'firewall.example/ledger' });
  expect(row.origin).toBe('firewall.example/ledger/2');
});

test('where there is no log nothing is rotated', async () => {
  const dir = temporaryFolder();
  await (await openLedger({ dir })).close();
  await expect(rotate(dir)).rejects.toThrow(/no log yet/);
  await expect(rotate(dir, replaceLostKey)).rejects.toThrow(/no log yet/);
});

test('a key that was made for a log that never began is removed; one of a log that began is taken', async () => {
  const dir = await withEntries(3);
  const places = new LogPlaces(dir);
  writeFileSync(places.nextKey, readFileSync(places.key, 'utf8'), { mode: 0o600 });
  const other = await withEntries(1);
  writeFileSync(places.nextKey, readFileSync(new LogPlaces(other).key), { mode: 0o600 });
  await (await openPlace(dir)).close();
  expect(existsSync(places.nextKey)).toBe(false);
  expect((await audit(places.running)).size).toBe(3);
});
