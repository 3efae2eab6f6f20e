import fc from 'fast-check';
import { expect, test } from 'vitest';
import { LogError } from '../../../src/ledger/log/log-error.ts';
import {
  bundlePath,
  bundlesAt,
  newBundles,
  newTiles,
  parseLogPath,
  type Tile,
  tileBytes,
  tileHashes,
  tilePath,
  tilesAt,
} from '../../../src/ledger/log/tiles.ts';
import { leafOf } from './naive.ts';

const MAX = Number.MAX_SAFE_INTEGER;
const name = ({ level, index, width }: Tile) => `${level}/${index}/${width}`;
const names = (tiles: Iterable<Tile>) => [...tiles].map(name);

/** C2SP tlog-tiles in its own words: floor(s / 256**l) hashes at level l, 256 to a tile. */
function definition(size: number): string[] {
  const all: string[] = [];
  for (let level = 0; Math.floor(size / 256 ** level) > 0; level++) {
    const hashes = Math.floor(size / 256 ** level);
    for (let index = 0; index < Math.floor(hashes / 256); index++) all.push(`${level}/${index}/256`);
    if (hashes % 256 > 0) all.push(`${level}/${Math.floor(hashes / 256)}/${hashes % 256}`);
  }
  return all;
}

test('the examples of the specification', () => {
  const tiles = [...tilesAt(70_000)];
  const of = (level: number, full: boolean) =>
    tiles.filter((tile) => tile.level === level && (tile.width === 256) === full);
  expect([0, 1, 2].map((level) => of(level, true).length)).toEqual([273, 1, 0]);
  expect([0, 1, 2].map((level) => of(level, false).map(({ width }) => width))).toEqual([[112], [17], [1]]);
  expect(names(tilesAt(256))).toEqual(['0/0/256', '1/0/1']);
  expect(tilePath({ level: 3, index: 1_234_067, width: 256 })).toBe('tile/3/x001/x234/067');
});

test('every size from 0 to 600, and around 65536, has the tiles of the definition', () => {
  const sizes = [...Array(601).keys(), 65_535, 65_536, 65_537, 131_072, 16_777_216, 16_777_217];
  for (const size of sizes) {
    const expected = definition(size);
    const got = names(tilesAt(size));
    if (got.join() !== expected.join()) throw new Error(`the tiles of ${size} are ${got}`);
    const bundles = [...bundlesAt(size)].map(({ index, width }) => `0/${index}/${width}`);
    expect(bundles.join()).toBe(expected.filter((tile) => tile.startsWith('0/')).join());
  }
});

test('what is new between two sizes is what the one has and the other has not', () => {
  const check = (from: number, to: number) => {
    const before = new Set(definition(from));
    expect(names(newTiles(from, to))).toEqual(definition(to).filter((tile) => !before.has(tile)));
    const bundles = [...newBundles(from, to)].map((bundle) => name({ level: 0, ...bundle }));
    expect(bundles).toEqual(names(newTiles(from, to)).filter((tile) => tile.startsWith('0/')));
  };
  fc.assert(
    fc.property(fc.nat(140_000), fc.nat(140_000), (a, b) => check(Math.min(a, b), Math.max(a, b))),
    { numRuns: 200 },
  );
  for (const [from, to] of [
    [0, 0],
    [0, 1],
    [255, 256],
    [256, 256],
    [256, 257],
    [65_535, 65_536],
    [65_536, 65_537],
  ] as const)
    check(from, to);
});

test('a log does not shrink, and has no size that is none', () => {
  for (const [from, to] of [
    [2, 1],
    [-1, 1],
    [0, 0.5],
    [0, 2 ** 53],
    [Number.NaN, 1],
  ] as const) {
    expect(() => newTiles(from, to)).toThrow(RangeError);
    expect(() => newBundles(from, to)).toThrow(RangeError);
  }
});

test('a path and what it names, both ways', () => {
  const paths: [string, object][] = [
    ['checkpoint', { kind: 'checkpoint' }],
    ['vkey', { kind: 'vkey' }],
    ['tile/0/000', { kind: 'tile', tile: { level: 0, index: 0, width: 256 } }],
    ['tile/1/000.p/8', { kind: 'tile', tile: { level: 1, index: 0, width: 8 } }],
    ['tile/0/999.p/255', { kind: 'tile', tile: { level: 0, index: 999, width: 255 } }],
    ['tile/0/x001/000', { kind: 'tile', tile: { level: 0, index: 1000, width: 256 } }],
    ['tile/2/x001/x234/067', { kind: 'tile', tile: { level: 2, index: 1_234_067, width: 256 } }],
    ['tile/6/000.p/31', { kind: 'tile', tile: { level: 6, index: 0, width: 31 } }],
    ['tile/entries/x001/067.p/3', { kind: 'bundle', index: 1067, width: 3 }],
    ['tile/entries/000', { kind: 'bundle', index: 0, width: 256 }],
  ];
  for (const [path, named] of paths) expect(parseLogPath(path)).toEqual(named);
  fc.assert(
    fc.property(fc.nat(5), fc.nat(2 ** 31 - 1), fc.integer({ min: 1, max: 256 }), (level, index, width) => {
      fc.pre((index * 256 + width) * 256 ** level <= MAX);
      expect(parseLogPath(tilePath({ level, index, width }))).toEqual({
        kind: 'tile',
        tile: { level, index, width },
      });
      expect(parseLogPath(bundlePath(index, width))).toEqual({ kind: 'bundle', index, width });
    }),
  );
});

test('every other spelling names nothing', () => {
  const wrong = [
    '',
    '/checkpoint',
    'checkpoint/',
    'checkpoint\n',
    'Checkpoint',
    'vkey ',
    'tile',
    'tile/',
    'tile/0',
    'tile/0/',
    'tile/0/0',
    'tile/0/00',
    'tile/0/0000',
    'tile/00/000',
    'tile/+0/000',
    'tile/-1/000',
    'tile/7/000',
    'tile/64/000',
    'tile/a/000',
    'tile/0/x000/000',
    'tile/0/x000/x001/000',
    'tile/0/001/000',
    'tile/0/x001/x000',
    'tile/0/X001/000',
    'tile/0/000.p',
    'tile/0/000.p/',
    'tile/0/000.p/0',
    'tile/0/000.p/01',
    'tile/0/000.p/256',
    'tile/0/000.p/257',
    'tile/0/000.p/1 ',
    'tile/0/000.p/1/',
    'tile/0/000.p/1/1',
    'tile/0/000.P/1',
    'tile/0/000\n',
    'tile//000',
    'tile/0//000',
    'tile/0/../000',
    'tile/0/%30%30%30',
    'tile/entries/0',
    'tile/entries/000.p/256',
    'tile/entries/x000/000',
    'tile/Entries/000',
    'tile/0/٠٠٠',
    '../vkey',
    // Past 2^53-1 entries: no number names it exactly.
    'tile/0/x035/x184/x372/x088/832',
    'tile/0/x999/x999/x999/x999/x999/999',
    'tile/entries/x999/x999/x999/x999/x999/999',
    `tile/0/${'x001/'.repeat(10_000)}001`,
  ];
  expect(wrong.filter((path) => parseLogPath(path) !== null)).toEqual([]);
});

test('the last tile that a number can name, and none beyond', () => {
  expect(tilePath({ level: 0, index: 2 ** 45 - 1, width: 255 })).toBe('tile/0/x035/x184/x372/x088/831.p/255');
  expect(parseLogPath('tile/0/x035/x184/x372/x088/831.p/255')).not.toBeNull();
  expect(parseLogPath('tile/0/x035/x184/x372/x088/831')).toBeNull();
  for (const tile of [
    { level: 0, index: 2 ** 45 - 1, width: 256 },
    { level: 0, index: 2 ** 45, width: 1 },
    { level: 7, index: 0, width: 1 },
    { level: -1, index: 0, width: 1 },
    { level: 0, index: -1, width: 1 },
    { level: 0, index: 0.5, width: 1 },
    { level: 0, index: 0, width: 0 },
    { level: 0, index: 0, width: 257 },
    { level: 0, index: 0, width: Number.NaN },
  ]) {
    expect(() => tilePath(tile)).toThrow(RangeError);
    if (tile.level === 0) expect(() => bundlePath(tile.index, tile.width)).toThrow(RangeError);
  }
  // All the tiles of the largest log are too many to list; its first and its levels are not.
  const first = tilesAt(MAX)[Symbol.iterator]().next();
  expect(first.value).toEqual({ level: 0, index: 0, width: 256 });
  expect(names(newTiles(MAX - 1, MAX))).toEqual([`0/${2 ** 45 - 1}/255`]);
});

test('a tile is exactly its hashes', () => {
  const hashes = Array.from({ length: 256 }, (_, i) => leafOf(i));
  for (const width of [1, 2, 255, 256]) {
    const bytes = tileBytes(hashes.slice(0, width));
    expect(bytes.length).toBe(width * 32);
    expect(tileHashes(bytes, width)).toEqual(hashes.slice(0, width));
    expect(() => tileHashes(bytes, width + 1)).toThrow(LogError);
    expect(() => tileHashes(bytes, width - 1)).toThrow(LogError);
    expect(() => tileHashes(bytes.subarray(1), width)).toThrow(LogError);
  }
  expect(() => tileHashes(Buffer.alloc(0), 0)).toThrow(LogError);
  expect(() => tileHashes(Buffer.alloc(257 * 32), 257)).toThrow(LogError);
  expect(() => tileHashes(Buffer.alloc(48), 1.5)).toThrow(LogError);
  expect(() => tileBytes([])).toThrow(LogError);
  expect(() => tileBytes([...hashes, leafOf(256)])).toThrow(LogError);
  expect(() => tileBytes([Buffer.alloc(31)])).toThrow(LogError);
});

test('the hashes of a tile are a copy of its bytes', () => {
  const bytes = tileBytes([leafOf(0)]);
  const [hash] = tileHashes(bytes, 1);
  bytes.fill(0);
  expect(hash).toEqual(leafOf(0));
});
