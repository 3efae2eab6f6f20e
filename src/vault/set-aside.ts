import { type FileHandle, rename, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { ensureDir, syncFolder } from '../disk/durable.ts';
import type { Digest } from '../model/digest.ts';
import { orNull } from './faults.ts';
import type { Layout, Shelf } from './layout.ts';

/**
 * Moves a damaged file to `damaged/`, an artifact with its chunk table; not one that has replaced the `opened` file
 * meanwhile. Whether anything was moved.
 */
export async function moveAside(
  layout: Layout,
  shelf: Shelf,
  digest: Digest,
  opened: FileHandle | null,
): Promise<boolean> {
  const path = layout.file(shelf, digest);
  const there = await orNull(stat(path));
  if (!there || (opened && (await opened.stat()).ino !== there.ino)) return false;
  await ensureDir(layout.damaged);
  const aside = layout.damagedFile(digest);
  // Another process may have found it, too.
  if ((await orNull(rename(path, aside))) === null) return false;
  if (shelf === 'cas') await orNull(rename(layout.table(digest), `${aside}.chunks`));
  await syncFolder(dirname(path));
  return true;
}
