import { open, readdir, readFile, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { isTemporary } from '../disk/durable.ts';
import type { Digest } from '../model/digest.ts';
import { ChunkHasher, type Hashed } from './chunks.ts';
import { orNull } from './faults.ts';
import { digestOfFile, type Layout, SHELVES, type Shelf } from './layout.ts';

/** What fsck needs of the vault that it checks. */
export interface FsckHooks {
  locked(digest: Digest, task: () => Promise<void>): Promise<void>;
  setAside(shelf: Shelf, digest: Digest): Promise<void>;
}

/**
 * Checks everything on disk, file by file, while the vault is in use:
 * 1. an artifact hashes to its name, and its chunk table is the one of its bytes; a document likewise, and evidence;
 * 2. what does not is moved to `damaged/` and reported by digest;
 * 3. tables without an artifact, and what an interrupted write left, are removed.
 */
export async function fsck(
  layout: Layout,
  chunkSize: number,
  hooks: FsckHooks,
): Promise<{ readonly checked: number; readonly damaged: readonly string[] }> {
  let checked = 0;
  const damaged: Digest[] = [];
  for (const shelf of SHELVES) {
    for (const file of await readdir(layout.shelf(shelf), { recursive: true, withFileTypes: true })) {
      const path = join(file.parentPath, file.name);
      const digest = digestOfFile(/[0-9a-f]{64}/.exec(file.name)?.[0] ?? '');
      if (!digest || !file.isFile()) continue;
      await hooks.locked(digest, async () => {
        if (isTemporary(file.name)) {
          // On the evidence shelf another process may be writing it; what is left there goes at a start.
          if (shelf !== 'evidence') await rm(path, { force: true });
          return;
        }
        if (path === layout.table(digest)) {
          if (!(await orNull(stat(layout.file('cas', digest))))) await rm(path, { force: true });
          return;
        }
        if (path !== layout.file(shelf, digest)) return;
        const hashed = await orNull(hashFile(path, chunkSize));
        if (!hashed) return;
        checked += 1;
        const table = shelf === 'cas' ? await orNull(readFile(layout.table(digest))) : hashed.table;
        if (hashed.sha256 === digest && table && Buffer.compare(table, hashed.table) === 0) return;
        await hooks.setAside(shelf, digest);
        damaged.push(digest);
      });
    }
  }
  return { checked, damaged };
}

async function hashFile(path: string, chunkSize: number): Promise<Hashed> {
  const hasher = new ChunkHasher(chunkSize);
  const file = await open(path, 'r');
  for await (const piece of file.createReadStream({ highWaterMark: 1024 ** 2 }))
    hasher.update(piece as Buffer);
  return hasher.finish();
}
