import { rmSync, writeFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { entryBytes } from '../../../src/ledger/canonical.ts';
import { bundleBytes } from '../../../src/ledger/log/bundle.ts';
import { decision } from '../samples.ts';
import { type DataPlace, dataPlace, leafOf, NOW, removePlace } from './data-place.ts';
import { logFiles, shortEntry, told } from './forged.ts';

// The database beside the log: a copy of its own, the history of what was signed, and the query index.

const SIZE = 300;
const drafts = Array.from({ length: SIZE }, (_, i) =>
  decision({ id: `request-${i}`, time: 1_700_000_000_000 + i }),
);

let whole: DataPlace;
beforeAll(async () => {
  whole = await dataPlace(drafts, [1, 100, 200, 256, 290, SIZE]);
});
afterAll(() => removePlace(whole));

const edited = (n: number) => entryBytes(decision({ id: `other-${n}`, time: 1 }));

test('what is whole has no problem', async () => {
  const report = await whole.audit();
  expect(told(report)).toEqual([]);
  expect(report.logs).toMatchObject([{ number: 1, size: SIZE, entries: SIZE }]);
});

test('of a log that cannot be walked the query index is not compared, and nothing said of it', async () => {
  const place = whole.copy();
  // Without a checkpoint that can be read, and a history, nothing says how far the log goes.
  place.sql('DELETE FROM head');
  writeFileSync(place.file('checkpoint'), 'x');
  const report = await place.audit();
  const ofIndex = report.findings.filter(({ copy }) => copy === 'query index');
  expect(ofIndex).toMatchObject([
    { kind: 'note', text: expect.stringMatching(/^not compared: .* 300 entries/) },
  ]);
  expect(report.problems).toBeGreaterThan(0);
});

describe('the rows', () => {
  test('an edited row, with its leaf or without', async () => {
    const place = whole.copy();
    place.sql('UPDATE entry SET bytes = ? WHERE seq = 17', edited(17));
    expect(told(await place.audit())).toContain('changed database 17..17');
    const other = whole.copy();
    other.sql('UPDATE entry SET bytes = ?, leaf = ? WHERE seq = 299', edited(299), leafOf(edited(299)));
    expect(told(await other.audit())).toContain('changed database 299..299');
  });

  test('a leaf that is not that of the bytes', async () => {
    const place = whole.copy();
    place.sql('UPDATE entry SET leaf = ? WHERE seq = 5', leafOf('x'));
    expect(told(await place.audit())).toEqual(['changed database 5..5']);
  });

  test('a row that is gone, in the middle and at the end', async () => {
    const place = whole.copy();
    place.sql('DELETE FROM entry WHERE seq IN (17, 18, 299)');
    expect(told(await place.audit())).toEqual(
      expect.arrayContaining(['missing database 17..18', 'missing database 299..299']),
    );
  });

  test('rows in another order', async () => {
    const place = whole.copy();
    for (const [from, to] of [
      [20, 9020],
      [21, 20],
      [9020, 21],
    ])
      place.sql('UPDATE entry SET seq = ? WHERE seq = ?', to, from);
    expect(told(await place.audit())).toEqual(
      expect.arrayContaining(['moved database 20..20', 'moved database 21..21']),
    );
  });

  test('a row removed and the others moved up', async () => {
    const place = whole.copy();
    place.sql('DELETE FROM entry WHERE seq = 20');
    place.sql('UPDATE entry SET seq = -seq WHERE seq > 20'.replace('-seq', 'seq + 10000'));
    place.sql('UPDATE entry SET seq = seq - 10001 WHERE seq > 10000');
    const problems = told(await place.audit());
    expect(problems).toContain('moved database 20..298');
    expect(problems).toContain('missing database 299..299');
  });

  test('rows that are no UTF-8 text, or no entry', async () => {
    const place = whole.copy();
    place.sql("UPDATE entry SET bytes = CAST(x'ff' AS TEXT) WHERE seq = 3");
    expect(told(await place.audit())).toContain('changed database 3..3');
  });

  test('rows that wait to be published are a note without a server, and with one a problem when they are old', async () => {
    const place = whole.copy();
    const text = entryBytes(decision({ id: 'waits', time: NOW - 120_000 }));
    place.sql('INSERT INTO entry (seq, leaf, bytes) VALUES (300, ?, ?)', leafOf(text), text);
    const still = await place.audit();
    expect(told(still, 'note')).toContain('late entries 300..300');
    expect(told(await place.audit({ live: true }))).toContain('late entries 300..300');
    expect(told(await place.audit({ live: true, now: () => NOW - 119_000 }))).not.toContain(
      'late entries 300..300',
    );
  });

  test('rows behind a gap', async () => {
    const place = whole.copy();
    const text = entryBytes(decision({ id: 'far', time: NOW }));
    place.sql('INSERT INTO entry (seq, leaf, bytes) VALUES (310, ?, ?)', leafOf(text), text);
    expect(told(await place.audit())).toContain('missing database 300..309');
  });
});

describe('the query index', () => {
  test.each([
    ['another time', 'UPDATE entry_index SET time = time + 1 WHERE seq = 12', '12..12'],
    ['a row that is gone', 'DELETE FROM entry_index WHERE seq = 13', '13..13'],
    ['another agent', 'UPDATE entry_index SET agent = NULL WHERE seq = 14', '14..14'],
    ['a place in its package that is gone', 'DELETE FROM package_entry WHERE seq = 15', '15..15'],
  ])('%s', async (_, sql, entry) => {
    const place = whole.copy();
    place.sql(sql);
    expect(told(await place.audit())).toContain(`changed query index ${entry}`);
  });
});

describe('the history', () => {
  test('a head with another root', async () => {
    const place = whole.copy();
    place.sql('UPDATE head SET root = ? WHERE size = 200', leafOf('x'));
    expect(told(await place.audit())).toEqual(['inconsistent history 100..199']);
  });

  test('a head that is larger than all that is there', async () => {
    const place = whole.copy();
    place.sql('INSERT INTO head (log, size, root, time) VALUES (1, 400, ?, 1)', leafOf('x'));
    expect(told(await place.audit())).toEqual(['future history 300..399']);
  });

  test('everything written anew and signed by the same key, but for the history', async () => {
    const place = whole.copy();
    const { log } = place;
    const entries = log.entries.with(150, Buffer.from(edited(150)));
    log.write(entries);
    place.write();
    place.sql('UPDATE entry SET bytes = ?, leaf = ? WHERE seq = 150', edited(150), leafOf(edited(150)));
    const report = await place.audit();
    // Between the heads of 100 and of 200 entries.
    expect(told(report)).toEqual(expect.arrayContaining(['inconsistent history 100..199']));
  });

  test('everything but the checkpoint written anew: the history says where', async () => {
    const place = whole.copy();
    for (const [path, bytes] of logFiles(place.log.entries.with(150, Buffer.from(edited(150)))))
      place.log.files.set(path, bytes);
    place.write();
    place.sql('UPDATE entry SET bytes = ?, leaf = ? WHERE seq = 150', edited(150), leafOf(edited(150)));
    expect(told(await place.audit())).toEqual(
      expect.arrayContaining(['root entries 100..299', 'inconsistent history 100..199']),
    );
  });

  test('an old checkpoint, with the log cut off to it', async () => {
    const place = whole.copy();
    place.log.write(place.log.entries.slice(0, 200));
    place.log.files.clear();
    for (const [path, bytes] of logFiles(place.log.entries)) place.log.files.set(path, bytes);
    place.log.files.set('checkpoint', Buffer.from(place.log.checkpoint()));
    place.log.files.set('vkey', Buffer.from(`${place.log.vkey}\n`));
    place.write();
    expect(told(await place.audit())).toEqual(['changed checkpoint']);
  });

  test('a head that was sealed and not signed, as a crash leaves it', async () => {
    const place = whole.copy();
    for (const [path, bytes] of logFiles(place.log.entries.slice(0, 290))) place.log.files.set(path, bytes);
    place.log.files.set('checkpoint', Buffer.from(place.log.checkpoint(290)));
    place.write();
    const report = await place.audit();
    expect(told(report)).toEqual([]);
    expect(told(report, 'note')).toContain('late checkpoint');
  });
});

describe('more than one copy', () => {
  test('the checkpoint is damaged: what is below the newest head is checked all the same', async () => {
    const place = whole.copy();
    place.log.files.set('checkpoint', Buffer.from('x'));
    place.log.files.set(
      'tile/entries/000',
      bundleBytes(place.log.entries.slice(0, 256).with(9, shortEntry(1))),
    );
    place.write();
    expect(told(await place.audit())).toEqual(['unreadable checkpoint', 'changed bundle 9..9']);
  });

  test('bundle and tile are wrong, and the database right', async () => {
    const place = whole.copy();
    const files = logFiles(place.log.entries.with(9, shortEntry(1)));
    for (const path of ['tile/entries/000', 'tile/0/000'])
      place.log.files.set(path, files.get(path) ?? Buffer.alloc(0));
    place.write();
    expect(told(await place.audit())).toEqual(['changed bundle 9..9', 'changed tile 9..9']);
  });

  test('a database that is none, or is gone', async () => {
    const place = whole.copy();
    writeFileSync(
      `${place.dir}/ledger/ledger.db`,
      'not a database, and longer than its head would be'.repeat(40),
    );
    expect(told(await place.audit())).toEqual(['unreadable database']);
    rmSync(`${place.dir}/ledger/ledger.db`);
    expect(told(await place.audit())).toEqual(['unreadable database']);
  });

  test('another key in the database', async () => {
    const place = whole.copy();
    place.sql("UPDATE log SET vkey = replace(vkey, '+', '-')");
    expect(told(await place.audit())).toEqual(['key database']);
  });

  test('all tiles and bundles are gone', async () => {
    const place = whole.copy();
    rmSync(place.file('tile'), { recursive: true });
    const problems = told(await place.audit());
    expect(problems).toEqual(expect.arrayContaining(['missing tile 0..299', 'missing bundle 0..299']));
  });
});
