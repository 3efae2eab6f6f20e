import { CompactRange, foldRoot } from './compact-range.ts';
import { HASH_SIZE, type Hash } from './hash.ts';
import { LogError } from './log-error.ts';
import { isSize } from './size.ts';
import { TILE_WIDTH, type Tile, tileBytes, tileHashes } from './tiles.ts';

/** A tile and what its file holds. */
export interface TileFile {
  readonly tile: Tile;
  readonly bytes: Buffer;
}

/** The right edge of one level: the tile that is not full yet. */
interface Level {
  /** Index of that tile. */
  index: number;
  /** Its hashes: at most 255 between two appends. */
  hashes: Hash[];
  /** The same hashes as a tree of their own, whose root at 256 is the next hash of the level above. */
  range: CompactRange;
  /** Full tiles that were not drained. */
  full: TileFile[];
  /** Whether the partial tile has hashes that were not drained. */
  fresh: boolean;
}

/**
 * Grows the tiles of all levels while leaves are appended. Holds the right edge only (at most 255 hashes a level), and
 * full tiles until they are drained. Throws LogError where the edge is not that of a tree of this size.
 */
export class TileBuilder {
  #size: number;
  readonly #levels: Level[] = [];

  /** `edge[level]` are the hashes of the rightmost partial tile of that level, none where its tiles are all full. */
  constructor(size = 0, edge: readonly (readonly Hash[])[] = []) {
    if (!isSize(size)) throw new LogError('the size of a tree is no integer from 0 to 2^53-1');
    let count = size;
    for (let level = 0; count > 0 || level < edge.length; level++) {
      const hashes = edge[level] ?? [];
      if (hashes.length !== count % TILE_WIDTH)
        throw new LogError(`level ${level} of a tree of ${size} leaves ends in ${hashes.length} hashes`);
      this.#levels.push(levelOf(Math.floor(count / TILE_WIDTH), hashes));
      count = Math.floor(count / TILE_WIDTH);
    }
    this.#size = size;
  }

  /**
   * Goes on from the tiles that a log has on disk: asks for the partial tile of each level. The caller compares `root()`
   * with what was signed. Throws LogError where a tile has not exactly its hashes, and what `read` throws.
   */
  static async read(size: number, read: (tile: Tile) => Promise<Uint8Array>): Promise<TileBuilder> {
    if (!isSize(size)) throw new LogError('the size of a tree is no integer from 0 to 2^53-1');
    const edge: Hash[][] = [];
    for (let level = 0, count = size; count > 0; level++, count = Math.floor(count / TILE_WIDTH)) {
      const width = count % TILE_WIDTH;
      const tile = { level, index: Math.floor(count / TILE_WIDTH), width };
      edge.push(width === 0 ? [] : tileHashes(await read(tile), width));
    }
    return new TileBuilder(size, edge);
  }

  get size(): number {
    return this.#size;
  }

  /** Adds the hash of one leaf. */
  append(leaf: Hash): void {
    if (!isSize(this.#size + 1)) throw new LogError('a tree has at most 2^53-1 leaves');
    if (leaf.length !== HASH_SIZE) throw new LogError('a hash is not 32 bytes');
    this.#push(0, leaf);
    this.#size += 1;
  }

  /** The Merkle tree hash of all leaves (RFC 6962 section 2.1). */
  root(): Hash {
    return foldRoot(this.#levels.toReversed().flatMap((level) => level.range.nodes));
  }

  /** The right edge, as the constructor takes it. */
  edge(): readonly (readonly Hash[])[] {
    return this.#levels.map((level) => [...level.hashes]);
  }

  /** Every tile, full or partial, whose content is new since the last drain: level 0 first, left to right. */
  drain(): TileFile[] {
    return this.#levels.flatMap((level, at) => {
      const files = level.full;
      if (level.fresh)
        files.push({
          tile: { level: at, index: level.index, width: level.hashes.length },
          bytes: tileBytes(level.hashes),
        });
      level.full = [];
      level.fresh = false;
      return files;
    });
  }

  #push(at: number, hash: Hash): void {
    const level = this.#levels[at] ?? levelOf(0, []);
    this.#levels[at] = level;
    level.hashes.push(hash);
    level.range.append(hash);
    level.fresh = true;
    if (level.hashes.length < TILE_WIDTH) return;
    const root = level.range.root();
    level.full.push({
      tile: { level: at, index: level.index, width: TILE_WIDTH },
      bytes: tileBytes(level.hashes),
    });
    level.index += 1;
    level.hashes = [];
    level.range = new CompactRange();
    level.fresh = false;
    this.#push(at + 1, root);
  }
}

function levelOf(index: number, hashes: readonly Hash[]): Level {
  const range = new CompactRange();
  for (const hash of hashes) range.append(hash);
  return { index, hashes: [...hashes], range, full: [], fresh: false };
}
