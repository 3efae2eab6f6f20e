import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type Database from 'better-sqlite3';
import { type NewFile, removeGroup, writeGroup } from '../../disk/durable-group.ts';
import { leadsNowhere } from '../../disk/missing.ts';
import { LedgerError } from '../ledger.ts';
import { bundleBytes } from '../log/bundle.ts';
import { CompactRange } from '../log/compact-range.ts';
import { type Hash, leafHashOf } from '../log/hash.ts';
import { LogError } from '../log/log-error.ts';
import { TileBuilder } from '../log/tile-builder.ts';
import { bundlePath, TILE_WIDTH, tilePath } from '../log/tiles.ts';

/** Which entries are the log's: `seq` is `base` and a place in it; below `minimum` (a place) entries may be empty. */
export interface LogExtent {
  readonly base: number;
  readonly minimum: number;
}

export interface TreeHead {
  readonly size: number;
  /** Hex. */
  readonly root: string;
}

/** What a growth came to. `more`: there are entries that it left for the next. */
export interface Growth extends TreeHead {
  readonly more: boolean;
}

interface EntryRow {
  readonly seq: number;
  readonly leaf: Buffer;
  readonly bytes: string;
}

/** Bytes of files that are made before they are written: what a growth may hold in memory. */
const MAX_BYTES = 4 * 1024 ** 2;

/** Bundles of one growth. */
const MAX_BUNDLES = 64;

/**
 * The files of one log in its folder, made from the entries of the ledger. What it says is durable when a call returns.
 * It blocks: it lives in a thread of its own.
 */
export class LogFiles {
  readonly #folder: string;
  #extent: LogExtent;
  readonly #entries: Database.Statement<[number, number], EntryRow>;
  #tree: TileBuilder = new TileBuilder();

  constructor(db: Database.Database, folder: string, extent: LogExtent) {
    this.#folder = folder;
    this.#extent = extent;
    this.#entries = db.prepare('SELECT seq, leaf, bytes FROM entry WHERE seq BETWEEN ? AND ? ORDER BY seq');
  }

  /**
   * Goes on from a head, by the tiles at its right edge. Returns null, or in words why it cannot: they are not there, or
   * are not those of the head.
   */
  async resume({ size, root }: TreeHead): Promise<string | null> {
    try {
      const tree = await TileBuilder.read(size, async (tile) =>
        readFileSync(join(this.#folder, tilePath(tile))),
      );
      if (tree.root().toString('hex') !== root) return 'the tiles are not those of the head';
      this.#tree = tree;
      return null;
    } catch (error) {
      if (error instanceof LogError || leadsNowhere(error)) return error.message;
      throw error;
    }
  }

  /** The root over the first entries of the log, from the ledger alone: nothing is written. */
  rootOf(size: number): string {
    const range = new CompactRange();
    while (range.size < size) {
      const rows = this.#read(range.size, Math.min(size, range.size + TILE_WIDTH));
      if (rows.length === 0) throw missing(this.#extent.base + range.size);
      for (const { leaf } of rows) range.append(leaf);
    }
    return range.root().toString('hex');
  }

  /** Makes every file anew, up to this size. */
  rebuild(size: number): TreeHead {
    this.#tree = new TileBuilder();
    for (let count = size, level = 0; count > 0; level++, count = Math.floor(count / TILE_WIDTH))
      this.#removePartial(level, Math.floor(count / TILE_WIDTH));
    while (this.#tree.size < size) this.grow(size);
    return this.#head();
  }

  /**
   * Takes what is new in the ledger into the tree, and writes its tiles and bundles. Where that fails the tree is as it
   * was, and the next call begins with the same entries. Throws LedgerError `conflict` for entries that are not what was
   * acknowledged.
   */
  grow(limit: number = Number.MAX_SAFE_INTEGER): Growth {
    const { size } = this.#tree;
    const edge = this.#tree.edge();
    try {
      return this.#grow(limit);
    } catch (error) {
      this.#tree = new TileBuilder(size, edge);
      throw error;
    }
  }

  #grow(limit: number): Growth {
    const files: NewFile[] = [];
    let bytes = 0;
    let more = false;
    for (let index = Math.floor(this.#tree.size / TILE_WIDTH), bundles = 0; ; index++, bundles++) {
      more = bundles === MAX_BUNDLES || bytes > MAX_BYTES;
      if (more) break;
      const rows = this.#read(index * TILE_WIDTH, Math.min(limit, (index + 1) * TILE_WIDTH));
      const fresh = rows.slice(this.#tree.size - index * TILE_WIDTH);
      if (fresh.length === 0) break;
      for (const { leaf } of fresh) this.#tree.append(leaf);
      if (index * TILE_WIDTH >= this.#extent.minimum) {
        const bundle = bundleBytes(rows.map((row) => Buffer.from(row.bytes)));
        files.push({ path: bundlePath(index, rows.length), bytes: bundle });
        bytes += bundle.length;
      }
      if (rows.length < TILE_WIDTH) break;
    }
    for (const { tile, bytes } of this.#tree.drain()) files.push({ path: tilePath(tile), bytes });
    writeGroup(this.#folder, files);
    return { ...this.#head(), more };
  }

  /** Writes files beside the tiles, by name: the checkpoint, after all that it stands for. */
  publish(files: Readonly<Record<string, string>>): void {
    writeGroup(
      this.#folder,
      Object.entries(files).map(([path, text]) => ({ path, bytes: Buffer.from(text) })),
    );
  }

  /** Removes partial tiles and bundles between two sizes, of which the full one is there. */
  tidy(from: number, to: number): void {
    for (let level = 0, before = from, now = to; now >= TILE_WIDTH; level++) {
      before = Math.floor(before / TILE_WIDTH);
      now = Math.floor(now / TILE_WIDTH);
      for (let index = before; index < now; index++) this.#removePartial(level, index);
    }
  }

  /** Entries below a place, a multiple of 256, are withdrawn: removes their bundles, from a place on. Hashes stay. */
  withdrawn(from: number, below: number): void {
    this.#extent = { base: this.#extent.base, minimum: below };
    const paths: string[] = [];
    for (let index = Math.floor(from / TILE_WIDTH); (index + 1) * TILE_WIDTH <= below; index++) {
      const path = bundlePath(index, TILE_WIDTH);
      paths.push(path, `${path}.p`);
    }
    for (let at = 0; at < paths.length; at += 1024) removeGroup(this.#folder, paths.slice(at, at + 1024));
  }

  /**
   * Up to which place, from one on, entries are older than a time, in whole bundles and at most `size`. It looks at a
   * bounded part, and is asked again where all of that was old.
   */
  olderThan(time: number, from: number, size: number): { readonly place: number; readonly more: boolean } {
    let place = from;
    for (let bundles = 0; place + TILE_WIDTH <= size; bundles++, place += TILE_WIDTH) {
      if (bundles === MAX_BUNDLES) return { place, more: true };
      const rows = this.#read(place, place + TILE_WIDTH);
      if (rows.length < TILE_WIDTH || rows.some(({ bytes }) => !isBefore(bytes, time))) break;
    }
    return { place, more: false };
  }

  /** Entries from a place up to another, as they are there; each in its place, and hashed. */
  #read(from: number, to: number): EntryRow[] {
    const { base, minimum } = this.#extent;
    const rows = this.#entries.all(base + from, base + to - 1);
    for (const [i, { seq, leaf, bytes }] of rows.entries()) {
      if (seq !== base + from + i) throw missing(base + from + i);
      if (bytes === '' && from + i < minimum) continue;
      if (!leafHashOf(Buffer.from(bytes)).equals(leaf))
        throw new LedgerError('conflict', `entry ${seq} of the ledger is not what its hash is of`);
    }
    return rows;
  }

  #removePartial(level: number, index: number): void {
    const paths = [`${tilePath({ level, index, width: TILE_WIDTH })}.p`];
    if (level === 0) paths.push(`${bundlePath(index, TILE_WIDTH)}.p`);
    removeGroup(this.#folder, paths);
  }

  #head(): TreeHead {
    const root: Hash = this.#tree.root();
    return { size: this.#tree.size, root: root.toString('hex') };
  }
}

/** Whether an entry's time is before another; what has none is of no age, and stays. */
function isBefore(bytes: string, time: number): boolean {
  const entry: unknown = bytes === '' ? null : JSON.parse(bytes);
  const at = typeof entry === 'object' && entry !== null && 'time' in entry ? entry.time : null;
  return typeof at === 'number' && at < time;
}

function missing(seq: number): LedgerError {
  return new LedgerError('conflict', `entry ${seq} of the ledger is missing`);
}
