import { bundleEntries } from './bundle.ts';
import { CompactRange } from './compact-range.ts';
import type { Hash } from './hash.ts';
import { LogError } from './log-error.ts';
import type { HashReader } from './merkle-proof.ts';
import { isSize } from './size.ts';
import { bundlePath, TILE_WIDTH, tileHashes, tilePath, widthAt } from './tiles.ts';

/** A published log, wherever it lies: the bytes of a file by its path under the log's prefix, null where it is not. */
export interface LogSource {
  read(path: string): Promise<Uint8Array | null>;
}

/** Tiles that a reader keeps: 2 MiB of hashes. */
const CACHED_TILES = 256;

/**
 * Reads subtree hashes from the tiles of a log of this size, and keeps the tiles that were read last. Where a partial
 * tile is gone, the full one stands in (C2SP tlog-tiles, Partial Tiles). What it gives is what the tiles say: only a
 * root that is signed shows that they are right. Throws LogError for a tile that is not there or not whole, and for a
 * subtree that a log of this size has not.
 */
export function hashReader(source: LogSource, size: number): HashReader {
  if (!isSize(size)) throw new LogError('the size of a tree is no integer from 0 to 2^53-1');
  const tiles = new Map<string, Promise<Hash[]>>();
  const tileOf = (level: number, index: number): Promise<Hash[]> => {
    const key = `${level}/${index}`;
    const known = tiles.get(key);
    const tile = known ?? readTile(source, size, level, index);
    // The latest last; one that failed is not kept.
    tiles.delete(key);
    tiles.set(key, tile);
    if (known === undefined) {
      tile.catch(() => tiles.delete(key));
      const [oldest] = tiles.keys();
      if (tiles.size > CACHED_TILES && oldest !== undefined) tiles.delete(oldest);
    }
    return tile;
  };
  return async (level, index) => {
    if (!isSize(level) || !isSize(index) || (index + 1) * 2 ** level > size)
      throw new LogError(`a log of ${size} entries has no complete subtree ${index} of level ${level}`);
    const width = 2 ** (level % 8);
    const start = index * width;
    const hashes = await tileOf(Math.floor(level / 8), Math.floor(start / TILE_WIDTH));
    const range = new CompactRange();
    for (const hash of hashes.slice(start % TILE_WIDTH, (start % TILE_WIDTH) + width)) range.append(hash);
    return range.root();
  };
}

/**
 * The bytes of one entry, from its bundle; nothing says that they are what the tree has. Throws LogError where the
 * bundle is not there or not whole.
 */
export async function readEntry(source: LogSource, size: number, index: number): Promise<Buffer> {
  if (!isSize(index) || !isSize(size) || index >= size)
    throw new LogError(`a log of ${size} entries has no entry ${index}`);
  const bundle = Math.floor(index / TILE_WIDTH);
  const width = widthAt(size, bundle);
  const file = await readWidest(source, width, (wide) => bundlePath(bundle, wide));
  const entry = within(file.path, () => bundleEntries(file.bytes, file.width))[index % TILE_WIDTH];
  if (entry === undefined) throw new LogError(`${file.path}: has no entry ${index}`);
  return entry;
}

async function readTile(source: LogSource, size: number, level: number, index: number): Promise<Hash[]> {
  const width = widthAt(Math.floor(size / TILE_WIDTH ** level), index);
  const file = await readWidest(source, width, (wide) => tilePath({ level, index, width: wide }));
  // Hashes of a full tile that stands in for a partial one are beyond the size: no subtree that is asked for has them.
  return within(file.path, () => tileHashes(file.bytes, file.width));
}

/** The file of this width, or where it is gone the full one. */
async function readWidest(source: LogSource, width: number, pathOf: (width: number) => string) {
  for (const wide of width === TILE_WIDTH ? [TILE_WIDTH] : [width, TILE_WIDTH]) {
    const bytes = await source.read(pathOf(wide));
    if (bytes !== null) return { path: pathOf(wide), bytes, width: wide };
  }
  throw new LogError(`${pathOf(width)}: is not there`);
}

/** Names the file in what is thrown about it. */
function within<T>(path: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (error instanceof LogError) throw new LogError(`${path}: ${error.message}`, { cause: error });
    throw error;
  }
}
