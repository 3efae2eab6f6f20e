import { describe, expect, test } from 'vitest';
import { bundleBytes } from '../../../src/ledger/log/bundle.ts';
import { signCheckpoint } from '../../../src/ledger/log/checkpoint.ts';
import { generateKey, noteBytes, signerKey, verifierKey } from '../../../src/ledger/log/note.ts';
import { audited, type ForgedLog, forgedLog, logFiles, shortEntries, shortEntry, told } from './forged.ts';

// What stands between an auditor and a log that somebody changed: each kind of change has its own words.

const SIZE = 700;

function whole(size = SIZE): ForgedLog {
  return forgedLog(shortEntries(size));
}

/** A bundle with other entries in it, in place of what is there. */
function rebundle(log: ForgedLog, path: string, change: (entries: Buffer[]) => Buffer[]): void {
  const index = Number(/(\d+)(\.p|$)/.exec(path)?.[1]);
  const entries = log.entries.slice(index * 256, index * 256 + 256);
  log.files.set(path, bundleBytes(change(entries)));
}

function flip(log: ForgedLog, path: string, at: number): void {
  const bytes = Buffer.from(log.files.get(path) ?? []);
  bytes[at] = (bytes[at] ?? 0) ^ 1;
  log.files.set(path, bytes);
}

describe('a log that is whole', () => {
  test.each([1, 2, 255, 256, 257, 511, 512, 513, SIZE])('of %i entries has no problem', async (size) => {
    const log = whole(size);
    const report = await audited(log);
    expect(told(report)).toEqual([]);
    expect(report.logs).toMatchObject([
      { size, entries: size, keyFrom: 'given', root: log.root().toString('hex') },
    ]);
  });

  test('of 65,793 entries, with tiles of three levels', async () => {
    expect(told(await audited(whole(65_793)))).toEqual([]);
  });

  test('without a key of the auditor says so, and has no problem', async () => {
    const report = await audited(whole(), { keys: [] });
    expect(told(report)).toEqual([]);
    expect(told(report, 'note')).toEqual(['key key']);
    expect(report.logs[0]?.keyFrom).toBe('beside');
  });

  test('partial tiles of earlier sizes, and full ones in the place of partial ones, are in order', async () => {
    const log = whole();
    for (const [path, bytes] of logFiles(shortEntries(300))) log.files.set(path, bytes);
    expect(told(await audited(log))).toEqual([]);
    const later = forgedLog(shortEntries(SIZE + 200));
    const old = later.checkpoint(SIZE);
    for (const [path, bytes] of logFiles(shortEntries(SIZE))) later.files.set(path, bytes);
    later.files.delete('tile/0/002.p/188');
    later.files.set('checkpoint', Buffer.from(old));
    // Ahead of its checkpoint, as a publication under way leaves it.
    expect(told(await audited(later, { live: true }))).toEqual([]);
  });
});

describe('one copy is changed, and named with the entry', () => {
  test('an edited entry in a bundle', async () => {
    const log = whole();
    rebundle(log, 'tile/entries/001', (entries) => entries.with(44, shortEntry(9000)));
    expect(told(await audited(log))).toEqual(['changed bundle 300..300']);
  });

  test('an edited entry in the partial bundle', async () => {
    const log = whole();
    rebundle(log, 'tile/entries/002.p/188', (entries) => entries.with(187, shortEntry(9000)));
    expect(told(await audited(log))).toEqual(['changed bundle 699..699']);
  });

  test('a changed hash in a tile of level 0, full and partial', async () => {
    const log = whole();
    flip(log, 'tile/0/000', 32 * 17 + 3);
    flip(log, 'tile/0/002.p/188', 32 * 100);
    expect(told(await audited(log))).toEqual(['changed tile 17..17', 'changed tile 612..612']);
  });

  test('a changed hash in a tile above: the entries that it covers', async () => {
    const log = whole();
    flip(log, 'tile/1/000.p/2', 32 + 9);
    expect(told(await audited(log))).toEqual(['changed tile 256..511']);
  });

  test('an entry wrong in the bundle, another in the tile: each is told in its copy', async () => {
    const log = whole();
    rebundle(log, 'tile/entries/000', (entries) => entries.with(3, shortEntry(9000)));
    flip(log, 'tile/0/000', 32 * 200);
    expect(told(await audited(log))).toEqual(['changed bundle 3..3', 'changed tile 200..200']);
  });

  test('two entries that changed places', async () => {
    const log = whole();
    rebundle(log, 'tile/entries/000', (entries) =>
      entries.with(10, entries[12] ?? Buffer.alloc(0)).with(12, entries[10] ?? Buffer.alloc(0)),
    );
    const report = await audited(log);
    expect(told(report)).toEqual(['moved bundle 10..10', 'moved bundle 12..12']);
    expect(report.findings[0]?.text).toContain('2 entries behind');
    expect(report.findings[1]?.text).toContain('2 entries before');
  });

  test('an entry taken out of a bundle, the others moved up', async () => {
    const log = whole();
    rebundle(log, 'tile/entries/001', (entries) => entries.toSpliced(44, 1));
    expect(told(await audited(log))).toEqual(['unreadable bundle 511..511', 'moved bundle 300..510']);
  });

  test('an entry taken out of all bundles: one finding for all that moved', async () => {
    const log = whole();
    const without = log.entries.toSpliced(300, 1);
    for (const [path, bytes] of logFiles(without))
      if (path.startsWith('tile/entries/')) log.files.set(path, bytes);
    log.files.delete('tile/entries/002.p/188');
    const report = await audited(log);
    expect(told(report)).toContain('moved bundle 300..511');
    expect(told(report)).toContain('missing bundle 512..699');
  });

  test.each([
    ['tile/entries/001', 'missing bundle 256..511'],
    ['tile/entries/002.p/188', 'missing bundle 512..699'],
    ['tile/0/001', 'missing tile 256..511'],
    ['tile/0/002.p/188', 'missing tile 512..699'],
    ['tile/1/000.p/2', 'missing tile 0..511'],
  ])('%s is gone', async (path, words) => {
    const log = whole();
    log.files.delete(path);
    expect(told(await audited(log))).toEqual([words]);
  });

  test('a bundle that is cut off, or has more', async () => {
    const log = whole();
    const bytes = log.files.get('tile/entries/000') ?? Buffer.alloc(0);
    log.files.set('tile/entries/000', bytes.subarray(0, bytes.length - 1));
    expect(told(await audited(log))).toEqual(['unreadable bundle 255..255']);
    log.files.set('tile/entries/000', Buffer.concat([bytes, Buffer.from([0])]));
    expect(told(await audited(log))).toEqual(['unreadable bundle 255..255']);
  });

  test('an old partial tile that is not the beginning of what is there now', async () => {
    const log = whole();
    for (const [path, bytes] of logFiles(shortEntries(300))) log.files.set(path, bytes);
    flip(log, 'tile/0/001.p/44', 5);
    flip(log, 'tile/entries/001.p/44', 5);
    const report = await audited(log);
    expect(told(report).sort()).toEqual(['changed bundle', 'changed tile']);
    expect(report.findings.map(({ path }) => path).sort()).toEqual([
      'tile/0/001.p/44',
      'tile/entries/001.p/44',
    ]);
  });

  test('entries beyond the checkpoint', async () => {
    const log = whole();
    for (const [path, bytes] of logFiles(shortEntries(SIZE + 5))) log.files.set(path, bytes);
    expect(told(await audited(log)).sort()).toEqual(['extra bundle', 'extra tile']);
  });

  test('bundle and tile of an entry agree on another one: the tree above says that both are wrong', async () => {
    const log = whole();
    const other = log.entries.with(300, shortEntry(9000));
    const files = logFiles(other);
    for (const path of ['tile/entries/001', 'tile/0/001'])
      log.files.set(path, files.get(path) ?? Buffer.alloc(0));
    expect(told(await audited(log))).toContain('changed entries 256..511');
  });

  test('an entry that is signed and has not the form of one', async () => {
    const log = forgedLog(shortEntries(20).with(7, Buffer.from('{"v":1, "type":"stop"}')));
    const report = await audited(log);
    expect(told(report)).toEqual(['form entries 7..7']);
  });
});

describe('the head', () => {
  test('a checkpoint that is damaged, or gone', async () => {
    const log = whole();
    log.files.set('checkpoint', Buffer.from(log.checkpoint().replace('\n700\n', '\n701\n')));
    expect(told(await audited(log))).toEqual(['signature checkpoint']);
    log.files.set('checkpoint', Buffer.from('nothing'));
    expect(told(await audited(log))).toEqual(['unreadable checkpoint']);
    log.files.delete('checkpoint');
    expect(told(await audited(log))).toEqual(['missing checkpoint']);
  });

  test('another key, which signed all anew', async () => {
    const log = whole();
    const thief = forgedLog(log.entries.with(5, shortEntry(9000)));
    const report = await audited(thief, { keys: [verifierKey(log.vkey)] });
    expect(told(report)).toContain('key key');
    expect(told(report)).toContain('key checkpoint');
    // Whoever has no key of his own is told that nothing was proved by it.
    const blind = await audited(thief, { keys: [] });
    expect(told(blind)).toEqual([]);
    expect(told(blind, 'note')).toEqual(['key key']);
    // A kept checkpoint is enough to notice it.
    const kept = [{ note: log.checkpoint(600), copy: 'kept checkpoint' as const }];
    expect(told(await audited(thief, { keys: [], kept }))).toEqual(['key kept checkpoint']);
  });

  test('a key of another log alone is no key of this one', async () => {
    const other = generateKey('other.example/log/1');
    expect(told(await audited(whole(), { keys: [verifierKey(other.vkey)] }))).toContain('key key');
  });

  test('everything but the checkpoint written anew', async () => {
    const log = whole();
    for (const [path, bytes] of logFiles(log.entries.with(5, shortEntry(9000)))) log.files.set(path, bytes);
    expect(told(await audited(log))).toEqual(['root entries 0..699']);
  });

  test('everything written anew and signed by the same key: only who kept a head can tell', async () => {
    const log = whole();
    const [early, late] = [log.checkpoint(200), log.checkpoint(650)];
    log.write(log.entries.with(300, shortEntry(9000)));
    expect(told(await audited(log))).toEqual([]);
    const with_ = (note: string) => audited(log, { kept: [{ note, copy: 'kept checkpoint' }] });
    expect(told(await with_(early))).toEqual([]);
    expect(told(await with_(late))).toEqual(['inconsistent kept checkpoint 0..649']);
  });
});

describe('a kept checkpoint', () => {
  const keep = (note: string) => ({ kept: [{ note, copy: 'kept checkpoint' as const }] });

  test.each([0, 1, 255, 256, 257, 512, 699, SIZE])('of %i entries is contained', async (size) => {
    const log = whole();
    expect(told(await audited(log, keep(log.checkpoint(size))))).toEqual([]);
  });

  test('of the same size with another root: two logs under one key', async () => {
    const log = whole();
    const fork = forgedLog(log.entries.with(1, shortEntry(9000)));
    const note = log.checkpoint(SIZE, fork.root());
    const report = await audited(log, keep(note));
    expect(told(report)).toEqual(['fork kept checkpoint 0..699']);
  });

  test('from the future: the log was cut off', async () => {
    const log = whole();
    const note = log.checkpoint();
    log.write(log.entries.slice(0, 500));
    const report = await audited(log, keep(note));
    expect(told(report)).toContain('future kept checkpoint 500..699');
  });

  test('of another origin, of another key, and one whose signature is another’s', async () => {
    const log = whole();
    const other = forgedLog(shortEntries(10), 'other.example/log/1');
    expect(told(await audited(log, keep(other.checkpoint())))).toEqual(['origin kept checkpoint']);
    const twin = forgedLog(shortEntries(10));
    expect(told(await audited(log, keep(twin.checkpoint())))).toEqual(['key kept checkpoint']);
    const stolen = log.checkpoint(10).replace('\n10\n', '\n11\n');
    expect(told(await audited(log, keep(stolen)))).toEqual(['signature kept checkpoint']);
  });

  test('is not moved by a second origin in its text', async () => {
    const log = whole();
    const { skey } = generateKey('audit.example/log/1');
    const note = noteBytes(
      signCheckpoint(
        { origin: 'audit.example/log/1', size: 3, root: log.root(3), extensions: [] },
        signerKey(skey),
      ),
    );
    expect(told(await audited(log, keep(note)))).toEqual(['key kept checkpoint']);
  });
});
