import { mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { expect, onTestFinished, test } from 'vitest';
import { openLedger, openLedgerReader } from '../../src/ledger/open.ts';
import {
  all,
  artifact,
  claim,
  decision,
  files,
  openTemporary,
  packageId,
  sighting,
  temporaryFolder,
} from './samples.ts';

const databaseOf = (dir: string) => join(dir, 'ledger', 'ledger.db');

async function openReader(dir: string) {
  const reader = await openLedgerReader({ dir });
  onTestFinished(() => reader.close());
  return reader;
}

test('a database of a newer sallyport is not opened and not changed, for writing or for reading', async () => {
  const dir = temporaryFolder();
  await (await openTemporary(dir)).close();
  const db = new Database(databaseOf(dir));
  db.pragma('user_version = 99');
  db.close();
  const before = readFileSync(databaseOf(dir));
  for (const open of [openLedger, openLedgerReader]) {
    await expect(open({ dir })).rejects.toMatchObject({ name: 'LedgerError', code: 'unavailable' });
    await expect(open({ dir })).rejects.toThrow(/newer sallyport/);
  }
  expect(readFileSync(databaseOf(dir)).equals(before)).toBe(true);
});

test('a file that is no database is not opened and not replaced', async () => {
  const dir = temporaryFolder();
  mkdirSync(join(dir, 'ledger'));
  writeFileSync(databaseOf(dir), 'not a database, but long enough to be looked at'.repeat(50));
  await expect(openLedger({ dir })).rejects.toMatchObject({ code: 'unavailable' });
  expect(readFileSync(databaseOf(dir), 'utf8')).toContain('not a database');
});

test('a data folder that is a file says so', async () => {
  const dir = join(temporaryFolder(), 'data');
  writeFileSync(dir, '');
  await expect(openLedger({ dir })).rejects.toMatchObject({ name: 'LedgerError', code: 'unavailable' });
  await expect(openLedger({ dir })).rejects.toThrow(/cannot be locked.*not a folder/);
});

test('looking where there is no ledger says so and makes none', async () => {
  const dir = temporaryFolder();
  await expect(openLedgerReader({ dir })).rejects.toThrow(/there is no ledger/);
  await expect(all(await openTemporary(dir))).resolves.toEqual([]);
});

test('what only the owner may read', async () => {
  const dir = temporaryFolder();
  const umask = process.umask(0o022);
  onTestFinished(() => void process.umask(umask));
  const ledger = await openTemporary(dir);
  await ledger.append(decision());
  for (const name of ['ledger.db', 'ledger.db-wal']) {
    expect(statSync(join(dir, 'ledger', name)).mode & 0o077, name).toBe(0);
  }
  expect(statSync(join(dir, 'ledger')).mode & 0o077).toBe(0);
});

test('a reader sees what is in a ledger at work, and after it', async () => {
  const dir = temporaryFolder();
  const ledger = await openTemporary(dir);
  const file = artifact('express');
  await ledger.append(decision(), claim(file, 'x'));
  const reader = await openReader(dir);
  expect(await all(reader)).toHaveLength(1);
  await ledger.append(decision());
  await ledger.memory.sawIndex(sighting(packageId('express'), 9), files({ f: 1 }));
  expect(await all(reader)).toHaveLength(2);
  expect(await reader.memory.knownNames('npm')).toEqual(['express']);
  expect((await reader.memory.fileFacts(file, file.filename)).first).not.toBeNull();
  await ledger.close();
  expect(await all(reader)).toHaveLength(2);
  expect(await all(await openReader(dir))).toHaveLength(2);
});

test('a long query delays no append, and ends although appends go on', async () => {
  const ledger = await openTemporary();
  await Promise.all(Array.from({ length: 2000 }, () => ledger.append(decision())));
  let seen = 0;
  for await (const { seq } of ledger.query({})) {
    expect(seq).toBeLessThan(2000);
    if (++seen % 500 === 0) await ledger.append(decision());
  }
  expect(seen).toBe(2000);
});

test('group commit: what comes while a commit waits for the disk is one commit', async () => {
  const dir = temporaryFolder();
  const ledger = await openTemporary(dir);
  await Promise.all(Array.from({ length: 1000 }, (_, i) => ledger.append(decision({ id: `r${i}` }))));
  expect(commitsIn(`${databaseOf(dir)}-wal`)).toBeLessThan(100);
  expect(commitsIn(`${databaseOf(dir)}-wal`)).toBeGreaterThan(0);
});

test('a damaged log is noticed: nothing is acknowledged on top of it', async () => {
  const dir = temporaryFolder();
  const ledger = await openTemporary(dir);
  await Promise.all(Array.from({ length: 300 }, (_, i) => ledger.append(decision({ id: `r${i}` }))));
  await ledger.close();
  const bytes = readFileSync(databaseOf(dir));
  bytes.fill(0xff, 4096);
  writeFileSync(databaseOf(dir), bytes);
  await expect(
    (async () => {
      const damaged = await openTemporary(dir);
      await damaged.append(decision());
    })(),
  ).rejects.toMatchObject({ code: 'unavailable' });
});

/** Transactions in a write-ahead log: frames that hold the size of the database (SQLite file format, 4.1). */
function commitsIn(path: string): number {
  const wal = readFileSync(path);
  const frame = 24 + wal.readUInt32BE(8);
  let commits = 0;
  for (let at = 32; at + frame <= wal.length; at += frame) if (wal.readUInt32BE(at + 4) > 0) commits++;
  return commits;
}
