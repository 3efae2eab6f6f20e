import { existsSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { hashReader } from '../../../src/ledger/log/log-source.ts';
import { inclusionProof, rootAt, verifyInclusion } from '../../../src/ledger/log/merkle-proof.ts';
import { readRetention } from '../../../src/ledger/published/retention.ts';
import { all, artifact, claim, decision, parsed, temporaryFolder } from '../samples.ts';
import { openPlace, type Place } from './place.ts';

const POLICY = 'Entries are kept for a year.\n';

async function append(place: Place, times: readonly number[]): Promise<void> {
  const receipts = [];
  for (const [i, time] of times.entries())
    receipts.push(
      place.ledger.append(
        decision({ time, id: `t${time}-${i}` }),
        claim(artifact(`a${time}-${i}`), `a${time}-${i}`),
      ),
    );
  for (const receipt of receipts) await place.log.published((await receipt).seq);
}

test('old entries are withdrawn from reading, and the tree stays', { timeout: 60_000 }, async () => {
  const dir = temporaryFolder();
  const place = await openPlace(dir);
  await append(
    place,
    Array.from({ length: 700 }, (_, i) => (i < 600 ? 1000 : 5000)),
  );
  const before = place.log.head();
  const entries = await all(place.ledger);
  expect(await place.log.withdraw(1000, POLICY)).toBe(0);
  expect(existsSync(join(place.places.running, 'retention'))).toBe(false);
  expect(await place.log.withdraw(4000, POLICY)).toBe(512);
  expect(await place.log.withdraw(4000, POLICY)).toBe(0);

  const left = await all(place.ledger);
  expect(left.slice(0, 188)).toEqual(entries.slice(512));
  expect(parsed(left.at(-1)?.bytes ?? '')).toMatchObject({
    type: 'admin',
    code: 'entries-withdrawn',
    log: 1,
    below: 512,
    entries: 512,
  });
  await place.log.published(700);
  const files = place.log.files();
  expect(await files.read('tile/entries/000')).toBeNull();
  expect(await files.read('tile/entries/001')).toBeNull();
  expect(await files.read('tile/entries/002.p/189')).not.toBeNull();
  expect(readRetention(String(Buffer.from((await files.read('retention')) ?? [])))).toEqual({
    minimum: 512,
    policy: POLICY,
  });
  // Hashes stay: an old head and a withdrawn entry are proved as before.
  const read = hashReader(files, 701);
  expect((await rootAt(700, read)).toString('hex')).toBe(before?.root);
  const leaf = Buffer.from(entries[3]?.leaf ?? '', 'hex');
  verifyInclusion(leaf, 3, 701, await inclusionProof(3, 701, read), await rootAt(701, read));
  // What was first admitted is remembered.
  const { first } = await place.ledger.memory.fileFacts(artifact('a1000-3'), artifact('a1000-3').filename);
  expect(first).not.toBeNull();

  await place.close();
  // They are overwritten in the file, too, but for what SQLite leaves between the rows of a page.
  const words = readFileSync(join(dir, 'ledger', 'ledger.db'));
  const readable = (from: number, to: number) =>
    entries.slice(from, to).filter(({ bytes }) => words.includes(bytes)).length;
  expect(readable(0, 512)).toBeLessThan(25);
  expect(readable(512, 700)).toBeGreaterThan(100);
  rmSync(join(place.places.running, 'tile'), { recursive: true });
  const again = await openPlace(dir);
  expect(again.said.join()).toContain('whole again');
  expect((await rootAt(700, hashReader(again.log.files(), 701))).toString('hex')).toBe(before?.root);
  expect(await again.log.files().read('tile/entries/000')).toBeNull();
  expect(await again.log.withdraw(6000, POLICY)).toBe(0);
  await append(
    again,
    Array.from({ length: 100 }, () => 5000),
  );
  // The entry that says so is young.
  expect(await again.log.withdraw(6000, POLICY)).toBe(0);
  expect(await again.log.withdraw(Date.now() + 1, POLICY)).toBe(256);
});

test('a withdrawal that was cut short after it was entered is finished by the next start', async () => {
  const dir = temporaryFolder();
  const place = await openPlace(dir);
  await append(
    place,
    Array.from({ length: 300 }, () => 1000),
  );
  await place.store.withdraw(1, 256, {
    type: 'admin',
    id: 'w',
    time: 2000,
    code: 'entries-withdrawn',
    log: 1,
    below: 256,
    entries: 256,
  });
  expect(await place.store.clearWithdrawn(10)).toBe(246);
  await place.close();
  expect(existsSync(join(place.places.running, 'tile/entries/000'))).toBe(true);
  const next = await openPlace(dir);
  expect(existsSync(join(next.places.running, 'tile/entries/000'))).toBe(false);
  expect(await next.store.clearWithdrawn(10)).toBe(0);
  expect((await all(next.ledger)).length).toBe(45);
});
