import { readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { isTemporary } from '../disk/durable.ts';
import type { Digest } from '../model/digest.ts';
import { orNull } from './faults.ts';
import { digestOfFile, type Layout, SHELVES, type Shelf } from './layout.ts';

/** How old a file must be, ms, for another process to have given up writing it. */
const GIVEN_UP = 3_600_000;

/** A file that the vault keeps. */
export interface Kept {
  readonly shelf: Shelf;
  readonly digest: Digest;
  /** Bytes on disk, an artifact's chunk table included. */
  readonly bytes: number;
  /** Orders uses: larger is later. */
  used: number;
}

/**
 * What lies in the vault, in memory: sizes for the bound, and the order of use for eviction. Times of access
 * are not kept by many file systems, so use is counted here; what was not used since the start comes before
 * that, in the order of writing.
 */
export class ShelfIndex {
  readonly #kept = new Map<string, Kept>();
  /** Use or removal while the first scan is under way, of files that it has not told of yet. */
  #early: Map<string, number | 'removed'> | null = new Map();
  #bytes = 0;
  #clock = 0;

  /**
   * Reads the shelves, once, and removes what writes that were cut off before `opened` left there. The index may
   * be used meanwhile. `opened`: when the vault was opened, ms, by the clock of its own file system.
   */
  async scan(layout: Layout, opened: number): Promise<void> {
    const found: (Omit<Kept, 'used'> & { readonly mtime: number })[] = [];
    for (const shelf of SHELVES) {
      // Evidence is also written by commands beside us.
      const left = shelf === 'evidence' ? opened - GIVEN_UP : opened;
      for (const file of await readdir(layout.shelf(shelf), { recursive: true, withFileTypes: true })) {
        if (file.isFile() && isTemporary(file.name)) {
          await removeOlder(join(file.parentPath, file.name), left);
          continue;
        }
        const digest = file.isFile() ? digestOfFile(file.name) : null;
        if (!digest || join(file.parentPath, file.name) !== layout.file(shelf, digest)) continue;
        const own = await orNull(stat(layout.file(shelf, digest)));
        if (!own) continue;
        const table = shelf === 'cas' ? await orNull(stat(layout.table(digest))) : null;
        found.push({ shelf, digest, bytes: own.size + (table?.size ?? 0), mtime: own.mtimeMs });
      }
    }
    found.sort((a, b) => a.mtime - b.mtime);
    for (const [at, { shelf, digest, bytes }] of found.entries()) {
      const key = keyOf(shelf, digest);
      const early = this.#early?.get(key);
      if (this.#kept.has(key) || early === 'removed') continue;
      this.#kept.set(key, { shelf, digest, bytes, used: early ?? at - found.length });
      this.#bytes += bytes;
    }
    this.#early = null;
  }

  add(shelf: Shelf, digest: Digest, bytes: number): void {
    this.remove(shelf, digest);
    this.#kept.set(keyOf(shelf, digest), { shelf, digest, bytes, used: ++this.#clock });
    this.#bytes += bytes;
  }

  touch(shelf: Shelf, digest: Digest): void {
    const kept = this.#kept.get(keyOf(shelf, digest));
    if (kept) kept.used = ++this.#clock;
    else this.#early?.set(keyOf(shelf, digest), ++this.#clock);
  }

  remove(shelf: Shelf, digest: Digest): void {
    this.#early?.set(keyOf(shelf, digest), 'removed');
    const kept = this.#kept.get(keyOf(shelf, digest));
    if (!kept) return;
    this.#kept.delete(keyOf(shelf, digest));
    this.#bytes -= kept.bytes;
  }

  has(shelf: Shelf, digest: Digest): boolean {
    return this.#kept.has(keyOf(shelf, digest));
  }

  /** When it was last used, in the order of uses; null where it is not here. */
  lastUse(shelf: Shelf, digest: Digest): number | null {
    return this.#kept.get(keyOf(shelf, digest))?.used ?? null;
  }

  /** Everything but evidence, least recently used first: a copy of this moment. */
  evictable(): Kept[] {
    const kept = [...this.#kept.values()].filter(({ shelf }) => shelf !== 'evidence');
    return kept.map((one) => ({ ...one })).sort((a, b) => a.used - b.used);
  }

  get usage(): { readonly bytes: number; readonly files: number } {
    return { bytes: this.#bytes, files: this.#kept.size };
  }
}

/** What is not older is being written. */
async function removeOlder(path: string, instant: number): Promise<void> {
  const left = await orNull(stat(path));
  if (!left || left.mtimeMs >= instant) return;
  // One that cannot be removed is litter, which no reader ever takes for a file of the vault.
  await rm(path, { force: true }).catch(() => undefined);
}

function keyOf(shelf: Shelf, digest: Digest): string {
  return `${shelf} ${digest}`;
}
