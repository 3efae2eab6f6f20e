import fc from 'fast-check';
import { expect, test } from 'vitest';
import { LogError } from '../../../src/ledger/log/log-error.ts';
import { TileBuilder } from '../../../src/ledger/log/tile-builder.ts';
import { newTiles, tilePath, tilesAt } from '../../../src/ledger/log/tiles.ts';
import { leafOf, NaiveTree } from './naive.ts';

const LEAVES = Array.from({ length: 65_800 }, (_, i) => leafOf(i));
const NAIVE = new NaiveTree(LEAVES);

/** What a tile holds by the specification: MTH(D[(n * 256 + i) * 256**l : (n * 256 + i + 1) * 256**l]). */
function tileOf(path: string, level: number, index: number, width: number): [string, string] {
  const span = 256 ** level;
  const hashes = Array.from({ length: width }, (_, i) =>
    NAIVE.hash((index * 256 + i) * span, (index * 256 + i + 1) * span),
  );
  return [path, Buffer.concat(hashes).toString('hex')];
}

const contentOf = (tiles: Iterable<{ level: number; index: number; width: number }>) =>
  [...tiles].map((tile) => tileOf(tilePath(tile), tile.level, tile.index, tile.width));

const drained = (builder: TileBuilder) =>
  builder.drain().map(({ tile, bytes }) => [tilePath(tile), bytes.toString('hex')]);

function grow(builder: TileBuilder, to: number): TileBuilder {
  for (const leaf of LEAVES.slice(builder.size, to)) builder.append(leaf);
  return builder;
}

test('leaf by leaf to 600: each drain is what is new, and the root is that of the definition', () => {
  const builder = new TileBuilder();
  expect(builder.drain()).toEqual([]);
  for (let size = 1; size <= 600; size++) {
    grow(builder, size);
    expect(builder.size).toBe(size);
    if (!builder.root().equals(NAIVE.hash(0, size))) throw new Error(`the root at ${size} is wrong`);
    expect(drained(builder)).toEqual(contentOf(newTiles(size - 1, size)));
    expect(builder.drain()).toEqual([]);
  }
});

test.each([0, 1, 255, 256, 257, 511, 512, 65_535, 65_536, 65_537, 65_793])(
  'all tiles of a log of %i leaves at once',
  (size) => {
    const builder = grow(new TileBuilder(), size);
    expect(builder.root()).toEqual(NAIVE.hash(0, size));
    expect(drained(builder)).toEqual(contentOf(tilesAt(size)));
  },
);

test('in steps of any length, resumed between them from edge or tiles', async () => {
  const late = grow(new TileBuilder(), 65_000);
  const lateFiles = late.drain().map(({ tile, bytes }) => [tilePath(tile), bytes] as const);
  const steps = fc.array(fc.tuple(fc.nat(700), fc.constantFrom('on', 'edge', 'tiles')), {
    minLength: 1,
    maxLength: 6,
  });
  await fc.assert(
    fc.asyncProperty(steps, fc.boolean(), async (steps, isLate) => {
      let builder = isLate ? new TileBuilder(65_000, late.edge()) : new TileBuilder();
      const files = new Map<string, Buffer>(isLate ? lateFiles : []);
      for (const [step, how] of steps) {
        const from = builder.size;
        const to = Math.min(from + step, LEAVES.length);
        const edge = grow(builder, to).edge();
        const fresh = builder.drain();
        for (const { tile, bytes } of fresh) files.set(tilePath(tile), bytes);
        expect(fresh.map(({ tile, bytes }) => [tilePath(tile), bytes.toString('hex')])).toEqual(
          contentOf(newTiles(from, to)),
        );
        if (how === 'edge') builder = new TileBuilder(to, edge);
        if (how === 'tiles')
          builder = await TileBuilder.read(to, async (tile) => files.get(tilePath(tile)) ?? Buffer.alloc(0));
        expect(builder.size).toBe(to);
        expect(builder.root()).toEqual(NAIVE.hash(0, to));
        expect(builder.drain()).toEqual([]);
      }
    }),
    { numRuns: 40 },
  );
});

test('what was resumed and not appended to is not drained again, what was is', () => {
  const builder = new TileBuilder(300, grow(new TileBuilder(), 300).edge());
  expect(builder.drain()).toEqual([]);
  grow(builder, 301);
  expect(drained(builder)).toEqual(contentOf([{ level: 0, index: 1, width: 45 }]));
});

test('the edge is at most 255 hashes a level and belongs to whoever asked', () => {
  const builder = grow(new TileBuilder(), 65_791);
  const edge = builder.edge();
  expect(edge.map((level) => level.length)).toEqual([255, 0, 1]);
  (edge[0] as Buffer[]).length = 0;
  expect(builder.root()).toEqual(NAIVE.hash(0, 65_791));
});

test('an edge that is not that of the size is refused', () => {
  const hash = leafOf(0);
  const wrong: [number, Buffer[][]][] = [
    [1, []],
    [1, [[hash, hash]]],
    [0, [[hash]]],
    [256, []],
    [256, [[hash], []]],
    [256, [[], []]],
    [256, [[], [hash], [hash]]],
    [65_536, [[], [], []]],
    [1, [[Buffer.alloc(31)]]],
    [-1, []],
    [0.5, []],
    [2 ** 53, []],
  ];
  for (const [size, edge] of wrong) expect(() => new TileBuilder(size, edge)).toThrow(LogError);
  expect(() => new TileBuilder(256, [[], [hash]])).not.toThrow();
  expect(() => new TileBuilder().append(Buffer.alloc(31))).toThrow(LogError);
});

test('tiles that are not whole do not resume a log, and what the reader throws is thrown', async () => {
  const read = (bytes: Uint8Array) => TileBuilder.read(3, async () => bytes);
  await expect(read(Buffer.alloc(95))).rejects.toThrow(LogError);
  await expect(read(Buffer.alloc(97))).rejects.toThrow(LogError);
  await expect(read(Buffer.alloc(8192))).rejects.toThrow(LogError);
  await expect(read(Buffer.alloc(0))).rejects.toThrow(LogError);
  await expect(
    TileBuilder.read(3, async () => {
      throw new Error('no disk');
    }),
  ).rejects.toThrow('no disk');
  for (const size of [-1, 0.5, 2 ** 53])
    await expect(TileBuilder.read(size, async () => Buffer.alloc(0))).rejects.toThrow(LogError);
  const asked: string[] = [];
  await TileBuilder.read(70_000, async (tile) => {
    asked.push(tilePath(tile));
    return Buffer.alloc(tile.width * 32);
  });
  expect(asked).toEqual(['tile/0/273.p/112', 'tile/1/001.p/17', 'tile/2/000.p/1']);
});

test('the largest log takes one leaf more and then none', () => {
  const edge = [254, 255, 255, 255, 255, 255, 31].map((width) => Array<Buffer>(width).fill(leafOf(0)));
  const builder = new TileBuilder(2 ** 53 - 2, edge);
  builder.append(leafOf(1));
  const root = builder.root();
  expect(() => builder.append(leafOf(2))).toThrow(LogError);
  expect(builder.size).toBe(2 ** 53 - 1);
  expect(builder.root()).toEqual(root);
  expect(builder.drain().map(({ tile }) => tilePath(tile))).toEqual(['tile/0/x035/x184/x372/x088/831.p/255']);
});
