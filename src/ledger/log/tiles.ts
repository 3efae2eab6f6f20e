import { HASH_SIZE, type Hash } from './hash.ts';
import { LogError } from './log-error.ts';
import { decimalSize, isSize } from './size.ts';

/** Hashes in a full tile, and entries in a full bundle. */
export const TILE_WIDTH = 256;

/** One tile (C2SP tlog-tiles, Merkle Tree): `width` hashes from place `index * 256` of its level; 1 to 256. */
export interface Tile {
  readonly level: number;
  readonly index: number;
  readonly width: number;
}

/** One entry bundle (C2SP tlog-tiles, Log entries): `width` entries from entry `index * 256`; 1 to 256. */
export interface Bundle {
  readonly index: number;
  readonly width: number;
}

/** What a path under the log's prefix names. */
export type LogPath =
  | { readonly kind: 'checkpoint' }
  | { readonly kind: 'vkey' }
  | { readonly kind: 'tile'; readonly tile: Tile }
  | { readonly kind: 'bundle'; readonly index: number; readonly width: number };

/** The path of a tile: `tile/0/x001/067`, `tile/1/000.p/8`. Throws RangeError for a tile that no tree has. */
export function tilePath(tile: Tile): string {
  if (!canBe(tile)) throw new RangeError('there is no such tile');
  return `tile/${tile.level}/${place(tile.index, tile.width)}`;
}

/** The path of an entry bundle: `tile/entries/x001/067.p/3`. Throws RangeError for a bundle that no log has. */
export function bundlePath(index: number, width: number): string {
  if (!canBe({ level: 0, index, width })) throw new RangeError('there is no such bundle');
  return `tile/entries/${place(index, width)}`;
}

// The longest index of a tree of 2^53-1 leaves has five groups of three digits.
const TILED = /^tile\/(entries|[0-9]{1,2})\/((?:x[0-9]{3}\/){0,5}[0-9]{3})(?:\.p\/([0-9]{1,3}))?$/;

/**
 * What a path names, by exactly the spelling that the specification gives it; null for every other text, and for
 * tiles that no tree of up to 2^53-1 leaves has.
 */
export function parseLogPath(path: string): LogPath | null {
  if (path === 'checkpoint' || path === 'vkey') return { kind: path };
  const [, kind, place, partial] = TILED.exec(path) ?? [];
  if (kind === undefined || place === undefined) return null;
  const index = Number(place.replace(/[x/]/g, ''));
  const width = partial === undefined ? TILE_WIDTH : decimalSize(partial);
  const level = kind === 'entries' ? 0 : decimalSize(kind);
  if (width === null || level === null) return null;
  const tile = { level, index, width };
  if (!canBe(tile)) return null;
  // Written again it is the same, so that one tile has one path: no needless zeros, no `.p/256`.
  if (kind === 'entries') return bundlePath(index, width) === path ? { kind: 'bundle', index, width } : null;
  return tilePath(tile) === path ? { kind: 'tile', tile } : null;
}

/** Every tile, full or partial, that a tree of this size has: level 0 first, left to right. No empty ones. */
export function tilesAt(size: number): Iterable<Tile> {
  return newTiles(0, size);
}

/** The tiles of the tree `to` that are new or wider than at `from`, in the order of `tilesAt`. */
export function newTiles(from: number, to: number): Iterable<Tile> {
  checkGrowth(from, to);
  return eachNewTile(from, to);
}

/** Every entry bundle, full or partial, that a log of this size has, left to right. */
export function bundlesAt(size: number): Iterable<Bundle> {
  return newBundles(0, size);
}

/** The entry bundles of the log `to` that are new or wider than at `from`. */
export function newBundles(from: number, to: number): Iterable<Bundle> {
  checkGrowth(from, to);
  return eachNew(from, to);
}

/** How wide tile `index` of a level is that has `count` hashes: 1 to 256, 0 where it is not there. */
export function widthAt(count: number, index: number): number {
  return Math.min(Math.max(count - index * TILE_WIDTH, 0), TILE_WIDTH);
}

/** The hashes of one tile as its bytes, one after the other. Throws LogError for none, for more than 256, for no hash. */
export function tileBytes(hashes: readonly Hash[]): Buffer {
  if (!isWidth(hashes.length)) throw new LogError(`a tile has 1 to 256 hashes, not ${hashes.length}`);
  if (hashes.some((hash) => hash.length !== HASH_SIZE)) throw new LogError('a hash is not 32 bytes');
  return Buffer.concat(hashes);
}

/** The hashes in the bytes of a tile that is `width` wide. Throws LogError where there are not exactly as many. */
export function tileHashes(bytes: Uint8Array, width: number): Hash[] {
  if (!isWidth(width)) throw new LogError('a tile is 1 to 256 hashes wide');
  if (bytes.length !== width * HASH_SIZE)
    throw new LogError(`a tile of ${width} hashes has ${bytes.length} bytes, not ${width * HASH_SIZE}`);
  const all = Buffer.from(bytes);
  return Array.from({ length: width }, (_, i) => all.subarray(i * HASH_SIZE, (i + 1) * HASH_SIZE));
}

/** Whether a tile or bundle can be as wide: 1 to 256. */
export function isWidth(width: number): boolean {
  return Number.isSafeInteger(width) && width >= 1 && width <= TILE_WIDTH;
}

function* eachNewTile(from: number, to: number): Iterable<Tile> {
  for (let level = 0, before = from, now = to; now > 0; level++) {
    for (const { index, width } of eachNew(before, now)) yield { level, index, width };
    before = Math.floor(before / TILE_WIDTH);
    now = Math.floor(now / TILE_WIDTH);
  }
}

/** Groups of 256 that are new or wider when there are `to` and no longer `from`. */
function* eachNew(from: number, to: number): Iterable<Bundle> {
  if (from === to) return;
  for (let index = Math.floor(from / TILE_WIDTH); index * TILE_WIDTH < to; index++)
    yield { index, width: widthAt(to, index) };
}

function checkGrowth(from: number, to: number): void {
  if (!isSize(from) || !isSize(to) || from > to)
    throw new RangeError('a log grows from one size to a larger one');
}

function canBe({ level, index, width }: Tile): boolean {
  return (
    isSize(level) &&
    isSize(index) &&
    isWidth(width) &&
    (index * TILE_WIDTH + width) * TILE_WIDTH ** level <= Number.MAX_SAFE_INTEGER
  );
}

function place(index: number, width: number): string {
  const digits = String(index);
  const groups = digits.padStart(Math.ceil(digits.length / 3) * 3, '0').match(/[0-9]{3}/g) ?? [];
  const path = groups.map((group, i) => (i < groups.length - 1 ? `x${group}` : group)).join('/');
  return width === TILE_WIDTH ? path : `${path}.p/${width}`;
}
