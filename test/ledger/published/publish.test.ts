import { chmodSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { hashReader } from '../../../src/ledger/log/log-source.ts';
import { consistencyProof, verifyConsistency } from '../../../src/ledger/log/merkle-proof.ts';
import { all, decision, temporaryFolder } from '../samples.ts';
import { audit, checkpointIn, openPlace } from './place.ts';

test('what is appended is in the log within two seconds, byte for byte', async () => {
  const { ledger, log, places } = await openPlace();
  const started = performance.now();
  const { seq } = await ledger.append(decision());
  const head = await log.published(seq);
  expect(performance.now() - started).toBeLessThan(2000);
  expect(head).toMatchObject({ log: 1, size: 1 });
  const again = await ledger.append(decision());
  await log.published(again.seq);
  expect(performance.now() - started).toBeLessThan(4000);
  const audited = await audit(places.running);
  expect(audited.entries).toEqual((await all(ledger)).map(({ bytes }) => bytes));
  expect(audited).toMatchObject({ origin: log.current.origin, size: 2, root: log.head()?.root });
});

test('where nothing is new nothing is published', async () => {
  const { ledger, log, places } = await openPlace();
  let published = 0;
  log.onPublished(() => published++);
  await log.published((await ledger.append(decision())).seq);
  const before = checkpointIn(places.running);
  await sleep(1500);
  expect(published).toBe(1);
  expect(checkpointIn(places.running)).toBe(before);
});

test('many entries, over full tiles of two levels; partial tiles go once the full one is there', {
  timeout: 60_000,
}, async () => {
  const { ledger, log, places, faults } = await openPlace();
  const heads: { size: number; root: string }[] = [];
  log.onPublished(({ size, root }) => heads.push({ size, root }));
  for (const count of [1, 254, 1, 1, 300, 1000]) {
    const receipts = await Promise.all(Array.from({ length: count }, () => ledger.append(decision())));
    await log.published(Math.max(...receipts.map(({ seq }) => seq)));
  }
  expect(faults).toEqual([]);
  const { size, entries, root } = await audit(places.running);
  expect(size).toBe(1557);
  expect(entries).toEqual((await all(ledger)).map(({ bytes }) => bytes));
  const read = hashReader(log.files(), size);
  for (const head of heads) {
    const proof = await consistencyProof(head.size, size, read);
    verifyConsistency(head.size, Buffer.from(head.root, 'hex'), size, Buffer.from(root, 'hex'), proof);
  }
  await expect
    .poll(() => [
      ...readdirSync(join(places.running, 'tile', '0')),
      ...readdirSync(join(places.running, 'tile', 'entries')),
    ])
    .toEqual([
      ...['000', '001', '002', '003', '004', '005', '006.p'],
      ...['000', '001', '002', '003', '004', '005', '006.p'],
    ]);
});

test('an orderly end publishes the last entry; the next process goes on with the same log', async () => {
  const dir = temporaryFolder();
  const first = await openPlace(dir);
  for (let i = 0; i < 300; i++) void first.ledger.append(decision());
  await first.ledger.append(decision());
  await first.close();
  // Whoever starts it for the first time is told of the key, once.
  expect(first.said).toEqual([
    expect.stringContaining(`${first.log.current.vkey} (sallyport init prints it)`),
  ]);
  expect((await audit(first.places.running)).size).toBe(301);
  const second = await openPlace(dir);
  expect(second.log.current).toEqual(first.log.current);
  expect(second.log.head()).toMatchObject({ size: 301 });
  expect(second.said).toEqual([]);
  await second.log.published((await second.ledger.append(decision())).seq);
  expect((await audit(second.places.running)).size).toBe(302);
});

test('its key is for its owner alone, and one that others can read is refused without its words', async () => {
  const dir = temporaryFolder();
  const { places, close } = await openPlace(dir);
  await close();
  expect(statSync(places.key).mode & 0o777).toBe(0o600);
  expect(readFileSync(places.key, 'utf8')).toMatch(/^PRIVATE\+KEY\+sallyport-[0-9a-f]{16}\/1\+/);
  // Base64 has plus signs of its own.
  const secret = readFileSync(places.key, 'utf8').trim().split('+').slice(4).join('+');
  expect(secret).toHaveLength(44);
  chmodSync(places.key, 0o640);
  const refused = await openPlace(dir).catch((error: unknown) => String(error));
  expect(refused).toMatch(/can be read by others/);
  chmodSync(places.key, 0o600);
  writeFileSync(places.key, readFileSync(places.key, 'utf8').replace('KEY+sally', 'KEY+Sally'));
  const broken = await openPlace(dir).catch((error: unknown) => String(error));
  expect(broken).toMatch(/cannot be used/);
  expect(`${refused}${broken}`).not.toContain(secret.slice(4, 20));
});

test('without its key, or with another, it does not start, and says what to do', async () => {
  const dir = temporaryFolder();
  const { places, close } = await openPlace(dir);
  await close();
  const other = await openPlace();
  await other.close();
  writeFileSync(places.key, readFileSync(other.places.key));
  await expect(openPlace(dir)).rejects.toThrow(/another than that of.*rotate --key-lost/);
  rmSync(places.key);
  await expect(openPlace(dir)).rejects.toThrow(/there is no key.*rotate --key-lost/);
});

test('tiles that are gone or wrong are made anew from the ledger', async () => {
  const dir = temporaryFolder();
  const first = await openPlace(dir);
  await Promise.all(Array.from({ length: 600 }, () => first.ledger.append(decision())));
  await first.close();
  const before = await audit(first.places.running);
  rmSync(join(first.places.running, 'tile'), { recursive: true });
  const second = await openPlace(dir);
  expect(second.said.join('\n')).toMatch(/not whole.*made anew[\s\S]*whole again, up to 600/);
  await second.close();
  expect(await audit(first.places.running)).toEqual(before);
  const edge = join(first.places.running, 'tile', '0', '002.p', '88');
  writeFileSync(edge, Buffer.alloc(88 * 32, 7));
  const third = await openPlace(dir);
  expect(third.said.join('\n')).toMatch(/not those of the head/);
  await third.close();
  expect(await audit(first.places.running)).toEqual(before);
});

test('a ledger that is not what was signed does not start, and its log is left as it is', async () => {
  const dir = temporaryFolder();
  const first = await openPlace(dir);
  await Promise.all(Array.from({ length: 300 }, () => first.ledger.append(decision())));
  await first.close();
  const { default: Database } = await import('better-sqlite3');
  const db = new Database(join(dir, 'ledger', 'ledger.db'));
  db.exec("UPDATE entry SET bytes = replace(bytes, 'decision', 'decisiom') WHERE seq = 7");
  rmSync(join(first.places.running, 'tile', '0'), { recursive: true });
  await expect(openPlace(dir)).rejects.toThrow(/entry 7 of the ledger is not what its hash is of/);
  const { leafHash } = await import('../../../src/ledger/canonical.ts');
  const bytes = String(db.prepare('SELECT bytes FROM entry WHERE seq = 7').pluck().get());
  db.prepare('UPDATE entry SET leaf = ? WHERE seq = 7').run(Buffer.from(leafHash(bytes), 'hex'));
  db.close();
  const files = () => readdirSync(join(first.places.running, 'tile'), { recursive: true }).sort();
  const before = files();
  await expect(openPlace(dir)).rejects.toThrow(/contradicts the head of 300 entries that it has signed/);
  expect(files()).toEqual(before);
});

test('an entry that is changed before it is published is published never', async () => {
  const { ledger, log, dir, faults } = await openPlace();
  await log.published((await ledger.append(decision())).seq);
  const { default: Database } = await import('better-sqlite3');
  const { seq } = await ledger.append(decision());
  const db = new Database(join(dir, 'ledger', 'ledger.db'), { timeout: 5000 });
  db.prepare('DELETE FROM entry_index WHERE seq = ?').run(seq);
  db.prepare("UPDATE entry SET bytes = 'x' WHERE seq = ?").run(seq);
  db.close();
  await expect(log.published(seq)).rejects.toMatchObject({ code: 'unavailable' });
  expect(log.state()).toBe('stopped');
  expect(String(faults)).toContain('not what its hash is of');
  await expect(ledger.append(decision())).rejects.toMatchObject({ code: 'unavailable' });
  expect(log.head()?.size).toBe(1);
});
