import { CompactRange, foldRoot } from '../log/compact-range.ts';
import type { Hash } from '../log/hash.ts';
import { LogError } from '../log/log-error.ts';
import type { LogSource } from '../log/log-source.ts';
import { TILE_WIDTH, tileHashes, tilePath, widthAt } from '../log/tiles.ts';

/** What the root says of the hashes of one tile: their root where the tile is full, the hashes themselves, or nothing. */
export type Expected = { readonly root: Hash } | { readonly hashes: readonly Hash[] } | null;

/** The hashes of a partial tile at the right edge, from another copy than the tile's file; null where there is none. */
export type OtherCopies = () => Promise<readonly (readonly Hash[])[]>;

/** Tiles of one level that are kept: a walk from left to right needs one of each. */
const KEPT = 4;

/** Tiles that a file holds wrong are made anew from those below, so many levels down at most. */
const MAX_LEVELS = 8;

/**
 * What a signed root says of every tile below it, so that of several copies the right one can be told. It is asked from
 * left to right. Where tiles are damaged it tries those below them; where nothing leads to the root it says nothing.
 */
export class SignedTree {
  readonly size: number;
  readonly #source: LogSource;
  /** The right edge: the hashes of each level's partial tile. Null: nothing leads to the root. */
  readonly #edge: readonly (readonly Hash[])[] | null;
  readonly #kept = new Map<string, Promise<readonly Hash[] | null>>();

  private constructor(size: number, source: LogSource, edge: readonly (readonly Hash[])[] | null) {
    this.size = size;
    this.#source = source;
    this.#edge = edge;
  }

  /** `others`: the leaves of the last, partial bundle as other copies have them. */
  static async under(root: Hash, size: number, source: LogSource, others: OtherCopies): Promise<SignedTree> {
    const candidates: (readonly Hash[])[][] = [];
    for (let level = 0, count = size; count > 0; level++, count = Math.floor(count / TILE_WIDTH)) {
      const width = count % TILE_WIDTH;
      const index = Math.floor(count / TILE_WIDTH);
      if (width === 0) candidates.push([[]]);
      else {
        const file = await readHashes(source, size, level, index);
        const below = level === 0 ? await others() : [await fromBelow(source, size, level, index, width)];
        candidates.push([file, ...below].flatMap((hashes) => (hashes ? [hashes] : [])));
      }
    }
    return new SignedTree(size, source, edgeOf(root, candidates));
  }

  /** Whether the right edge leads to the root, so that all of it does where no tile is damaged. */
  get stands(): boolean {
    return this.#edge !== null;
  }

  /** What is expected of a tile. Rejects only as the source does. */
  async expected(level: number, index: number): Promise<Expected> {
    if (this.#edge === null) return null;
    const count = Math.floor(this.size / TILE_WIDTH ** level);
    if (widthAt(count, index) < TILE_WIDTH) {
      const hashes = this.#edge[level];
      return hashes === undefined ? null : { hashes };
    }
    const above = await this.hashes(level + 1, Math.floor(index / TILE_WIDTH));
    const root = above?.[index % TILE_WIDTH];
    return root === undefined ? null : { root };
  }

  /** The hashes of a tile, where the root vouches for them. */
  hashes(level: number, index: number): Promise<readonly Hash[] | null> {
    const key = `${level}/${index}`;
    const known = this.#kept.get(key);
    if (known) return known;
    const found = this.#find(level, index);
    this.#kept.set(key, found);
    const ofLevel = [...this.#kept.keys()].filter((other) => other.startsWith(`${level}/`));
    if (ofLevel.length > KEPT) this.#kept.delete(ofLevel[0] ?? '');
    return found;
  }

  async #find(level: number, index: number): Promise<readonly Hash[] | null> {
    const expected = await this.expected(level, index);
    if (expected === null || 'hashes' in expected) return expected?.hashes ?? null;
    const file = await readHashes(this.#source, this.size, level, index);
    if (file && rootOf(file).equals(expected.root)) return file;
    const below = level === 0 ? null : await fromBelow(this.#source, this.size, level, index, TILE_WIDTH);
    return below && rootOf(below).equals(expected.root) ? below : null;
  }
}

/** The root of the tree that these hashes are the leaves of. */
export function rootOf(hashes: readonly Hash[]): Hash {
  const range = new CompactRange();
  for (const hash of hashes) range.append(hash);
  return range.root();
}

/** The first choice of one candidate a level that leads to the root. */
function edgeOf(root: Hash, candidates: readonly (readonly (readonly Hash[])[])[]) {
  if (candidates.length > MAX_LEVELS) return null;
  const choose = (
    level: number,
    chosen: readonly (readonly Hash[])[],
  ): readonly (readonly Hash[])[] | null => {
    const here = candidates[level];
    if (here === undefined) {
      const nodes = chosen.toReversed().flatMap((hashes) => {
        const range = new CompactRange();
        for (const hash of hashes) range.append(hash);
        return range.nodes;
      });
      return foldRoot(nodes).equals(root) ? chosen : null;
    }
    for (const hashes of here) {
      const found = choose(level + 1, [...chosen, hashes]);
      if (found) return found;
    }
    return null;
  };
  return choose(0, []);
}

/** The hashes of a tile as the files of the tiles below it give them; null where one of those is not whole. */
async function fromBelow(
  source: LogSource,
  size: number,
  level: number,
  index: number,
  width: number,
): Promise<readonly Hash[] | null> {
  const hashes: Hash[] = [];
  for (let i = 0; i < width; i++) {
    const below = await readHashes(source, size, level - 1, index * TILE_WIDTH + i);
    if (below === null) return null;
    hashes.push(rootOf(below));
  }
  return hashes;
}

/** The first `width` hashes of a tile's file, wide as it is at this size; null where it is not there or not whole. */
export async function readHashes(
  source: LogSource,
  size: number,
  level: number,
  index: number,
): Promise<readonly Hash[] | null> {
  const width = widthAt(Math.floor(size / TILE_WIDTH ** level), index);
  for (const wide of width === TILE_WIDTH ? [width] : [width, TILE_WIDTH]) {
    const bytes = await source.read(tilePath({ level, index, width: wide }));
    if (bytes === null) continue;
    try {
      return tileHashes(bytes, wide).slice(0, width);
    } catch (error) {
      if (error instanceof LogError) return null;
      throw error;
    }
  }
  return null;
}
