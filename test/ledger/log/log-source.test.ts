import { beforeAll, expect, test } from 'vitest';
import { LogError } from '../../../src/ledger/log/log-error.ts';
import { hashReader, type LogSource, readEntry } from '../../../src/ledger/log/log-source.ts';
import { rootAt } from '../../../src/ledger/log/merkle-proof.ts';
import { memoryLog } from './memory-log.ts';
import { entryOf, leafOf, NaiveTree } from './naive.ts';

const NAIVE = new NaiveTree(Array.from({ length: 70_000 }, (_, i) => leafOf(i)));
let log: ReturnType<typeof memoryLog>;
beforeAll(() => {
  log = memoryLog();
  log.publish(300);
  log.publish(70_000);
});

/** The log with some of its files changed. */
const changed = (changes: Record<string, Buffer | null>): LogSource => ({
  read: async (path) => (Object.hasOwn(changes, path) ? (changes[path] ?? null) : log.read(path)),
});

test('every complete subtree of a small log, and no other', async () => {
  const small = memoryLog();
  small.publish(300);
  const read = hashReader(small, 300);
  for (let level = 0; level < 12; level++)
    for (let index = 0; index < 301; index++) {
      const [start, end] = [index * 2 ** level, (index + 1) * 2 ** level];
      if (end <= 300) expect(await read(level, index)).toEqual(NAIVE.hash(start, end));
      else await expect(read(level, index)).rejects.toThrow(LogError);
    }
});

test('what is no level and no index is refused', async () => {
  const read = hashReader(log, 70_000);
  for (const [level, index] of [
    [-1, 0],
    [0, -1],
    [0.5, 0],
    [0, 0.5],
    [53, 0],
    [5000, 0],
    [0, 70_000],
    [0, 2 ** 53 - 1],
    [0, Number.NaN],
  ] as const)
    await expect(read(level, index)).rejects.toThrow(LogError);
  for (const size of [-1, 0.5, 2 ** 53]) expect(() => hashReader(log, size)).toThrow(LogError);
});

test('an earlier size is read from full tiles where its partial ones are gone', async () => {
  // 300 was published: its partial tile is there. 290 was not.
  expect(await rootAt(300, hashReader(log, 300))).toEqual(NAIVE.hash(0, 300));
  log.asked.length = 0;
  expect(await rootAt(290, hashReader(log, 290))).toEqual(NAIVE.hash(0, 290));
  expect(log.asked).toContain('tile/0/001.p/34');
  expect(log.asked).toContain('tile/0/001');
  expect(await readEntry(log, 290, 289)).toEqual(entryOf(289));
});

test('a tile is asked for once, by many at a time too', async () => {
  const read = hashReader(log, 70_000);
  log.asked.length = 0;
  await Promise.all(Array.from({ length: 200 }, (_, i) => read(0, i)));
  expect(log.asked).toEqual(['tile/0/000']);
});

test('of the tiles that are read only so many are kept', async () => {
  const read = hashReader(log, 70_000);
  for (let tile = 0; tile < 273; tile++) await read(0, tile * 256);
  log.asked.length = 0;
  await read(0, 272 * 256);
  expect(log.asked).toEqual([]);
  await read(0, 0);
  expect(log.asked).toEqual(['tile/0/000']);
});

test('a tile that could not be read is asked for again', async () => {
  let broken = true;
  const source: LogSource = {
    read: async (path) => {
      if (broken) throw new Error('no network');
      return log.read(path);
    },
  };
  const read = hashReader(source, 70_000);
  await expect(read(0, 0)).rejects.toThrow('no network');
  broken = false;
  expect(await read(0, 0)).toEqual(leafOf(0));
});

test('a tile that is gone, short or long is named', async () => {
  const gone = changed({ 'tile/0/273.p/112': null });
  await expect(hashReader(gone, 70_000)(0, 69_999)).rejects.toThrow('tile/0/273.p/112: is not there');
  for (const length of [0, 31, 112 * 32 - 1, 112 * 32 + 1, 8192]) {
    const wrong = changed({ 'tile/0/273.p/112': Buffer.alloc(length) });
    await expect(hashReader(wrong, 70_000)(0, 69_999)).rejects.toThrow(LogError);
    await expect(hashReader(wrong, 70_000)(0, 69_999)).rejects.toThrow('tile/0/273.p/112');
  }
  // The full tile that stands in is full, or it is none.
  const half = changed({ 'tile/0/273.p/112': null, 'tile/0/273': Buffer.alloc(112 * 32) });
  await expect(hashReader(half, 70_000)(0, 69_999)).rejects.toThrow('tile/0/273: ');
});

test('an entry by its index, and no other', async () => {
  for (const index of [0, 255, 256, 65_536, 69_999])
    expect(await readEntry(log, 70_000, index)).toEqual(entryOf(index));
  for (const index of [70_000, -1, 0.5, 2 ** 53 - 1, Number.NaN])
    await expect(readEntry(log, 70_000, index)).rejects.toThrow(LogError);
  await expect(readEntry(log, 2 ** 53, 0)).rejects.toThrow(LogError);
});

test('a bundle that is gone, cut or too long is named', async () => {
  const path = 'tile/entries/273.p/112';
  const whole = log.files.get(path) ?? Buffer.alloc(0);
  for (const bytes of [
    null,
    Buffer.alloc(0),
    whole.subarray(0, -1),
    Buffer.concat([whole, Buffer.alloc(2)]),
  ]) {
    const source = changed({ [path]: bytes });
    await expect(readEntry(source, 70_000, 69_900)).rejects.toThrow(LogError);
    await expect(readEntry(source, 70_000, 69_900)).rejects.toThrow(path);
  }
});
