import { rmSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { entryBytes } from '../../src/ledger/canonical.ts';
import { verifierKey } from '../../src/ledger/log/note.ts';
import { openLedgerReader } from '../../src/ledger/open.ts';
import { keyRotatedEntry, logEntry } from '../../src/ledger/published/log-entry.ts';
import { reindexLedger } from '../../src/ledger/reindex.ts';
import { type DataPlace, dataPlace, leafOf, NOW, removePlace } from '../ledger/audit/data-place.ts';
import { audited, forgedLog, logFiles, shortEntries, told } from '../ledger/audit/forged.ts';
import { decision } from '../ledger/samples.ts';

// Somebody with the disk and without the key takes away what contradicts them, and `ledger verify` is asked.

const SIZE = 300;
const drafts = Array.from({ length: SIZE }, (_, i) =>
  decision({ id: `request-${i}`, time: NOW - 3_600_000 + i * 10_000, agent: `agent-${i % 60}` }),
);
const forged = entryBytes(decision({ id: 'forged', agent: 'nobody', time: NOW - 1_000_000 }));

let whole: DataPlace;
beforeAll(async () => {
  whole = await dataPlace(drafts, [1, 100, 200, SIZE]);
});
afterAll(() => removePlace(whole));

/** Makes another entry of one, with all that is found of it. */
async function rewrite(place: DataPlace, seq: number): Promise<void> {
  place.sql('UPDATE entry SET bytes = ?, leaf = ? WHERE seq = ?', forged, leafOf(forged), seq);
  await reindexLedger(place);
}

/** Changes the database's file in ways that SQL alone forbids. */
function unsafely(place: DataPlace, ...statements: string[]): void {
  const db = new Database(join(place.dir, 'ledger', 'ledger.db'));
  try {
    db.unsafeMode();
    for (const statement of statements) db.exec(statement);
  } finally {
    db.close();
  }
}

describe('with what was signed, what could be compared with it is gone', () => {
  test('the files of the log and its history: rows that nobody signed are not in order', async () => {
    const place = whole.copy();
    rmSync(join(place.dir, 'ledger', 'log'), { recursive: true });
    place.sql('DELETE FROM head');
    await rewrite(place, 17);
    expect(told(await place.audit())).toContain('missing files');
    // Nor without a key.
    expect(told(await place.audit({ keys: [] }))).toContain('missing files');
  });

  test('the checkpoint, the tiles and the history: a server takes nothing in that it has not published for so long', async () => {
    const place = whole.copy();
    place.log.files.clear();
    place.log.files.set('vkey', Buffer.from(`${place.log.vkey}\n`));
    place.write();
    place.sql('DELETE FROM head');
    await rewrite(place, 17);
    expect(told(await place.audit())).toContain('late entries 0..299');
  });

  test('an old checkpoint, which is public, and the history behind it', async () => {
    const place = whole.copy();
    const { log } = place;
    const old = log.checkpoint(100);
    log.files.clear();
    for (const [path, bytes] of logFiles(log.entries.slice(0, 100))) log.files.set(path, bytes);
    log.files.set('vkey', Buffer.from(`${log.vkey}\n`));
    log.files.set('checkpoint', Buffer.from(old));
    place.write();
    place.sql('DELETE FROM head WHERE size > 100');
    await rewrite(place, 217);
    expect(told(await place.audit())).toContain('late entries 100..299');
  });

  test('a log whose key the auditor has', async () => {
    const second = forgedLog(shortEntries(3), whole.log.signer.name.replace(/1$/, '2'));
    const keys = [verifierKey(whole.log.vkey), verifierKey(second.vkey)];
    expect(told(await whole.audit({ keys }))).toEqual(['origin key']);
    // That of another ledger is another's.
    const other = verifierKey(forgedLog(shortEntries(1), 'elsewhere.example/1').vkey);
    expect(told(await whole.audit({ keys: [verifierKey(whole.log.vkey), other] }))).toEqual([]);
  });

  test('the log that the last entry of another one announces, and one under a key that it does not', async () => {
    const second = forgedLog(shortEntries(1), 'audit.example/log/2');
    const announced = Buffer.from(
      entryBytes(
        keyRotatedEntry({ id: 'r', time: 7, log: 2, origin: second.signer.name, vkey: second.vkey }),
      ),
    );
    const first = forgedLog([...shortEntries(4), announced]);
    expect(told(await audited(first))).toEqual(['missing chain 4..4']);
    const begin = (log: typeof second, base = 5) => {
      log.files.clear();
      const row = { number: 2, origin: log.signer.name, vkey: log.vkey, base: 5, opened: 1, minimum: 0 };
      const root = first.root().toString('hex');
      const previous = { log: 1, origin: first.signer.name, vkey: first.vkey, size: 5, root, signed: 5 };
      const entry = logEntry({ id: 'l', time: 8, row, reason: 'rotation', previous });
      log.write([Buffer.from(entryBytes(entry))]);
      const logs = [
        { number: 1, source: first, base: 0 },
        { number: 2, source: log, base },
      ];
      return audited(first, { logs, keys: [first.vkey, log.vkey].map(verifierKey) });
    };
    expect(told(await begin(second))).toEqual([]);
    expect(told(await begin(forgedLog(shortEntries(1), 'audit.example/log/2')))).toEqual(['key chain 4..4']);
    // Nor are its entries numbered otherwise than it says.
    expect(told(await begin(second, 6))).toEqual(['changed chain 0..0']);
  });
});

describe('what the commands find is not what the entries are', () => {
  test('a row before the first, and totals that are not the entries’', async () => {
    const place = whole.copy();
    unsafely(
      place,
      `PRAGMA ignore_check_constraints = ON;
       INSERT INTO entry SELECT -1, leaf, bytes FROM entry WHERE seq = 5;
       INSERT INTO entry_index SELECT -1, time, shape, agent, subject, policy, rules FROM entry_index WHERE seq = 5;`,
    );
    expect(told(await place.audit())).toContain('extra database');
  });

  test('an index that leaves an entry out', async () => {
    const place = whole.copy();
    const sql = 'CREATE INDEX entry_by_agent ON entry_index (agent) WHERE agent IS NOT NULL';
    unsafely(
      place,
      'DROP INDEX entry_by_agent',
      `${sql} AND seq <> 14`,
      'PRAGMA writable_schema = ON',
      `UPDATE sqlite_schema SET sql = '${sql}' WHERE name = 'entry_by_agent'`,
    );
    const reader = await openLedgerReader({ dir: place.dir });
    const found: number[] = [];
    for await (const { seq } of reader.query({ agent: 'agent-14' })) found.push(seq);
    await reader.close();
    expect(found).toEqual([74, 134, 194, 254]);
    expect(told(await place.audit())).toContain('changed query index');
  });

  test.each([
    'CREATE TRIGGER quiet AFTER INSERT ON entry_index BEGIN DELETE FROM package_entry WHERE seq = new.seq; END',
    'ALTER TABLE mark RENAME TO marks; CREATE VIEW mark AS SELECT * FROM marks WHERE random() > 0',
    'CREATE TABLE whatever (x)',
  ])('a schema of another: %s', async (sql) => {
    const place = whole.copy();
    unsafely(place, sql);
    expect(told(await place.audit())).toContain('changed query index');
  });
});
