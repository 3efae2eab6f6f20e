import { type Hash, leafHashOf } from '../log/hash.ts';
import { bundlePath, TILE_WIDTH, tilePath, widthAt } from '../log/tiles.ts';
import type { AuditSource } from './audit-source.ts';

/** A file of the log, as wide as it was read. */
export interface ReadFile {
  readonly path: string;
  readonly bytes: Uint8Array;
  readonly width: number;
}

/** What the log's files say of up to 256 entries. */
export interface Group {
  readonly index: number;
  /** The first entry. */
  readonly from: number;
  readonly width: number;
  /** Null: it is not there. */
  readonly bundle: ReadFile | null;
  readonly tile: ReadFile | null;
}

/** Reads what the files of a log of this size say of group `index`. */
export async function readGroup(source: AuditSource, size: number, index: number): Promise<Group> {
  const width = widthAt(size, index);
  const [bundle, tile] = await Promise.all([
    readWidest(source, width, (wide) => bundlePath(index, wide)),
    readWidest(source, width, (wide) => tilePath({ level: 0, index, width: wide })),
  ]);
  return { index, from: index * TILE_WIDTH, width, bundle, tile };
}

/** A partial file as it is at this size, or the full one that has come in its place (C2SP tlog-tiles, Partial Tiles). */
export async function readWidest(
  source: AuditSource,
  width: number,
  pathOf: (width: number) => string,
): Promise<ReadFile | null> {
  for (const wide of width === TILE_WIDTH ? [width] : [width, TILE_WIDTH]) {
    const bytes = await source.read(pathOf(wide));
    if (bytes !== null) return { path: pathOf(wide), bytes, width: wide };
  }
  return null;
}

/** The entries of a bundle as far as it can be read, and why not further. */
export interface ReadBundle {
  readonly entries: readonly Buffer[];
  /** Null where it holds exactly as many as it should. */
  readonly problem: string | null;
}

/** Reads a bundle of this many entries: what stands before the place at which it is damaged can still be told. */
export function readBundle({ bytes, width }: ReadFile): ReadBundle {
  const all = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const entries: Buffer[] = [];
  let at = 0;
  while (entries.length < width) {
    if (at === all.length) return { entries, problem: `ends after ${entries.length} of ${width} entries` };
    const end = at + 2 <= all.length ? at + 2 + all.readUInt16BE(at) : Number.POSITIVE_INFINITY;
    if (end > all.length) return { entries, problem: `ends within its entry ${entries.length}` };
    entries.push(all.subarray(at + 2, end));
    at = end;
  }
  return {
    entries,
    problem: at === all.length ? null : `has ${all.length - at} bytes behind its last entry`,
  };
}

/** The leaves of a bundle that is `width` wide at this size; null where it has none there. */
export function leavesOfBundle({ entries }: ReadBundle, width: number): (Hash | null)[] {
  return Array.from({ length: width }, (_, i) => {
    const entry = entries[i];
    return entry === undefined ? null : leafHashOf(entry);
  });
}

/** The hashes of a tile as far as it has any, and why there are not exactly as many as there should be. */
export function readTile({ bytes, width }: ReadFile, wanted: number) {
  const all = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const hashes = Array.from({ length: wanted }, (_, i): Hash | null => {
    const hash = all.subarray(i * 32, (i + 1) * 32);
    return hash.length === 32 ? hash : null;
  });
  const problem =
    all.length === width * 32 ? null : `has ${all.length} bytes, not the ${width * 32} of ${width} hashes`;
  return { hashes, problem };
}
