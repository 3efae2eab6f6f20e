import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { describe, expect, onTestFinished, test } from 'vitest';
import { servedEntry } from '../../src/ledger/entry.ts';
import type { EntryDraft, IndexFault } from '../../src/ledger/ledger.ts';
import { openLedger, openLedgerReader } from '../../src/ledger/open.ts';
import { reindexLedger } from '../../src/ledger/reindex.ts';
import { openForWriting } from '../../src/ledger/sqlite/database.ts';
import { IndexWrites } from '../../src/ledger/sqlite/index-writes.ts';
import { emptyIndex, rebuildIndex, sumIndex } from '../../src/ledger/sqlite/rebuild.ts';
import { MIGRATIONS } from '../../src/ledger/sqlite/schema.ts';
import { all, bytesOf, decision, openTemporary, places, sha256, sha512, temporaryFolder } from './samples.ts';

const drafts: readonly EntryDraft[] = [
  decision({
    time: 60_000,
    file: 'x.tgz',
    digests: { sha256: sha256('x'), sha512: sha512('x') },
    place: 'a.yaml:1',
  }),
  { ...decision({ time: 120_000, name: 'outer' }), bundled: ['inner@1.0.0', 'inner@2.0.0'] },
  decision({ time: 90_000, verdict: 'refuse', reasons: ['DENIED'], agent: 'bo' }),
  decision({ time: 180_000, waived: [{ code: 'TOO_YOUNG', place: 'a.yaml:2' }] }),
  servedEntry({ id: 's', time: 190_000, decision: 0, served: true, bytes: 1 }),
];

const inFolder = (dir: string) => join(dir, 'ledger', 'ledger.db');

/** A closed ledger of the sample's entries. */
async function filled(dir = temporaryFolder()): Promise<string> {
  const ledger = await openLedger({ dir });
  for (const draft of drafts) await ledger.append(draft);
  await ledger.close();
  const db = openForWriting(inFolder(dir));
  sumIndex(db);
  db.close();
  return dir;
}

function change(dir: string, ...statements: readonly string[]): void {
  const db = new Database(inFolder(dir));
  for (const sql of statements) expect(db.prepare(sql).run().changes, sql).toBeGreaterThan(0);
  db.close();
}

async function faults(dir: string): Promise<IndexFault[]> {
  const reader = await openLedgerReader({ dir });
  try {
    const found: IndexFault[] = [];
    for await (const fault of reader.indexFaults()) found.push(fault);
    return found;
  } finally {
    await reader.close();
  }
}

/** Every table of the index, decoded, without the numbers of its dictionaries. */
function contentOf(dir: string): unknown {
  const db = new Database(inFolder(dir), { readonly: true });
  const rows = (sql: string) => db.prepare(sql).raw().all();
  const content = {
    entries: rows(
      `SELECT i.seq, i.time, s.type, s.verdict, s.route, s.profile, s.provenance, s.codes, a.text, p.text, r.text
       FROM entry_index i JOIN shape s ON s.id = i.shape LEFT JOIN word a ON a.id = agent LEFT JOIN word p ON p.id = policy
       LEFT JOIN word r ON r.id = rules ORDER BY seq`,
    ),
    packages: rows(
      `SELECT e.seq, l.ecosystem, l.name, s.version, s.file, s.sha256, s.sha512 FROM package_entry e
       JOIN logged_package l ON l.id = e.package JOIN subject s ON s.id = e.subject ORDER BY 1, 2, 3, 4`,
    ),
    marks: rows('SELECT seq, kind, text FROM mark JOIN word ON word.id = word ORDER BY 1, 2, 3'),
    minutes: rows('SELECT first, minute FROM minute_run ORDER BY 1'),
    totals: rows('SELECT kind, sum(entries), count(*) FROM total GROUP BY kind'),
  };
  db.close();
  return content;
}

test('a whole index has no fault', async () => {
  expect(await faults(await filled())).toEqual([]);
});

describe('a damaged index is named, with the entry', () => {
  test.each<[string, IndexFault[]]>([
    ['UPDATE entry_index SET time = 5 WHERE seq = 1', [{ seq: 1, what: 'the query index has another time' }]],
    [
      "UPDATE entry_index SET agent = (SELECT id FROM word WHERE text = 'bo') WHERE seq = 0",
      [
        { seq: 0, what: 'the query index has another agent' },
        { seq: 0, what: 'the query index has another place in its package' },
        { seq: null, what: expect.stringMatching(/totals/) as unknown as string },
      ],
    ],
    [
      "UPDATE word SET text = 'eve' WHERE text = 'bo'",
      [{ seq: 2, what: 'the query index has another agent' }],
    ],
    [
      `UPDATE word SET text = '["b.yaml:1"]' WHERE kind = 'rules'`,
      [{ seq: 0, what: 'the query index has another rule' }],
    ],
    ["DELETE FROM rule_word WHERE rule = 'a.yaml:1'", [{ seq: 0, what: 'the query index has another rule' }]],
    [
      "UPDATE shape SET verdict = 'allow' WHERE verdict = 'refuse'",
      [{ seq: 2, what: 'the query index has another verdict' }],
    ],
    [
      "UPDATE shape SET codes = '[]' WHERE codes <> '[]'",
      [{ seq: 2, what: 'the query index has another list of codes' }],
    ],
    [
      'UPDATE minute_run SET minute = minute - 1 WHERE first = 2',
      [{ seq: 2, what: 'the query index has another time of day' }],
    ],
    [
      "UPDATE subject SET version = '9.9.9' WHERE length(sha256) > 0",
      [
        { seq: 0, what: 'the query index has another subject' },
        { seq: 0, what: 'the query index has another place in its package' },
      ],
    ],
    [
      'DELETE FROM package_entry WHERE seq = 3',
      [
        { seq: 3, what: 'the query index has another place in its package' },
        { seq: null, what: 'the query index finds packages in entries that do not have them' },
      ],
    ],
    [
      'INSERT INTO package_entry SELECT package, 4, subject, agent, shape FROM package_entry WHERE seq = 3',
      [{ seq: null, what: 'the query index finds packages in entries that do not have them' }],
    ],
    [
      "DELETE FROM mark WHERE word = (SELECT id FROM word WHERE kind = 'waiver')",
      [
        { seq: 3, what: 'the query index has another waiver' },
        { seq: null, what: 'the query index finds waivers in entries that do not have them' },
      ],
    ],
    [
      'UPDATE total SET entries = 7 WHERE kind = 1',
      [{ seq: null, what: expect.stringMatching(/totals/) as unknown as string }],
    ],
    [
      'DELETE FROM total WHERE kind = 2',
      [{ seq: null, what: expect.stringMatching(/totals/) as unknown as string }],
    ],
  ])('%s', async (statement, expected) => {
    const dir = await filled();
    change(dir, statement);
    expect(await faults(dir)).toEqual(expected);
    await reindexLedger({ dir });
    expect(await faults(dir)).toEqual([]);
  });

  test.each([
    ['DELETE FROM entry_index WHERE seq = 2', 2],
    ['DELETE FROM entry WHERE seq = 3', 3],
  ])(
    '%s: no query answers until it is made anew, and entries are taken all the same',
    async (statement, seq) => {
      const dir = await filled();
      change(dir, statement);
      expect((await faults(dir)).map((fault) => fault.seq)).toContain(seq);
      const ledger = await openLedger({ dir });
      const wanted = { code: 'unavailable', message: expect.stringMatching(/ledger reindex/) };
      await expect(all(ledger)).rejects.toMatchObject(wanted);
      await expect(ledger.stats({}, 'type', 10)).rejects.toMatchObject(wanted);
      await expect(ledger.versionsOf('express')).rejects.toMatchObject(wanted);
      expect((await ledger.append(decision())).seq).toBeGreaterThan(3);
      await ledger.close();
      await reindexLedger({ dir });
      expect(await faults(dir)).toEqual([]);
      expect(await places(await openTemporary(dir), {})).toHaveLength(
        statement.includes('entry_index') ? 6 : 5,
      );
    },
  );
});

describe('reindex', () => {
  test('makes the same index of the same entries', async () => {
    const dir = await filled();
    const before = contentOf(dir);
    const told: number[] = [];
    expect(await reindexLedger({ dir }, (entries) => told.push(entries))).toEqual({
      entries: 5,
      packages: 6,
      waivers: 3,
    });
    expect(told).toEqual([5]);
    expect(contentOf(dir)).toEqual(before);
  });

  test('is refused while a server has the folder, and where there is no ledger', async () => {
    const dir = await filled();
    const ledger = await openLedger({ dir });
    await expect(reindexLedger({ dir })).rejects.toMatchObject({ code: 'locked' });
    expect(await all(ledger)).toHaveLength(5);
    await ledger.close();
    await expect(reindexLedger({ dir: temporaryFolder() })).rejects.toMatchObject({ code: 'unavailable' });
  });

  test('that was broken off is gone on with at the next start; until then nothing is answered', async () => {
    const dir = await filled();
    const db = openForWriting(inFolder(dir));
    emptyIndex(db);
    db.close();
    const reader = await openLedgerReader({ dir });
    onTestFinished(() => reader.close());
    await expect(all(reader)).rejects.toMatchObject({
      code: 'unavailable',
      message: expect.stringMatching(/rebuilt/),
    });
    await (await openLedger({ dir })).close();
    expect(await all(reader)).toHaveLength(5);
  });

  test('that was broken off in the middle has every entry once', async () => {
    const dir = await filled();
    const before = contentOf(dir) as { totals: unknown };
    const db = openForWriting(inFolder(dir));
    emptyIndex(db);
    // As if a chunk had ended behind the third entry.
    db.exec('CREATE TEMP TABLE hidden AS SELECT * FROM entry WHERE seq > 2; DELETE FROM entry WHERE seq > 2');
    rebuildIndex(db);
    db.exec('INSERT INTO entry SELECT * FROM hidden; UPDATE index_state SET rebuilt = 2');
    db.close();
    await (await openLedger({ dir })).close();
    expect({ ...(contentOf(dir) as object), totals: null }).toEqual({ ...before, totals: null });
  });

  test('keeps what is withdrawn out of the index, and counts it', async () => {
    const dir = await filled();
    const db = openForWriting(inFolder(dir));
    db.exec("UPDATE entry SET bytes = '' WHERE seq < 2");
    db.close();
    await reindexLedger({ dir });
    expect(await faults(dir)).toEqual([]);
    expect(await places(await openTemporary(dir), {})).toEqual([2, 3, 4]);
  });
});

test('what is withdrawn is found by nothing, and the rest is as it was', async () => {
  const dir = await filled();
  const db = openForWriting(inFolder(dir));
  const index = new IndexWrites(db);
  db.transaction(() => {
    index.remove(0, 1);
    // The same again, as after a crash between two steps.
    index.remove(0, 1);
    db.exec("UPDATE entry SET bytes = '' WHERE seq < 2");
  })();
  db.close();
  expect(await faults(dir)).toEqual([]);
  const ledger = await openTemporary(dir);
  expect(await places(ledger, {})).toEqual([2, 3, 4]);
  for (const filter of [
    { package: 'inner' },
    { package: 'outer' },
    { digest: sha256('x') },
    { rule: 'a.yaml:1' },
  ]) {
    expect(await places(ledger, filter)).toEqual([]);
    expect(await ledger.stats(filter, 'package', 10)).toEqual([]);
  }
  expect(await ledger.stats({}, 'type', 10)).toEqual([
    { key: 'decision', entries: 2, first: 2, last: 3 },
    { key: 'served', entries: 1, first: 4, last: 4 },
  ]);
  expect((await ledger.append(decision())).seq).toBe(5);
});

test('totals that are not made yet are made up from the entries, and none is counted twice', async () => {
  const ledger = await openTemporary();
  const by = async () => (await ledger.stats({}, 'agent', 10)).map(({ key, entries }) => [key, entries]);
  for (let i = 0; i < 30; i++) {
    await Promise.all(Array.from({ length: 100 }, (_, j) => ledger.append(decision({ agent: `a${j % 2}` }))));
    expect(await by()).toEqual([
      ['a0', 50 * (i + 1)],
      ['a1', 50 * (i + 1)],
    ]);
  }
});

test('a ledger of the first release is indexed when it is opened', async () => {
  const dir = temporaryFolder();
  mkdirSync(join(dir, 'ledger'));
  const db = new Database(inFolder(dir));
  db.pragma('journal_mode = WAL');
  for (const statements of MIGRATIONS.slice(0, 3)) db.exec(statements);
  db.pragma('user_version = 3');
  const insert = db.prepare('INSERT INTO entry (seq, leaf, bytes) VALUES (?, ?, ?)');
  for (const [seq, draft] of drafts.entries()) insert.run(seq, Buffer.alloc(32, seq), bytesOf(draft));
  db.exec("INSERT INTO entry_index (seq, time, type) VALUES (0, 0, 'decision')");
  db.close();
  const ledger = await openTemporary(dir);
  expect(await places(ledger, { package: 'inner' })).toEqual([1]);
  expect(await places(ledger, { waiver: '*' })).toEqual([3]);
  expect(await places(ledger, { leaf: '03'.repeat(32) })).toEqual([3]);
  await ledger.close();
  expect(await faults(dir)).toEqual([]);
});
