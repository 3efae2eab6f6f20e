import { randomBytes } from 'node:crypto';
import { mkdir, open, rename, rm, stat } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';

/**
 * A rename is not durability. A file survives a power loss only when its bytes were synced before it got
 * its name (fdatasync), and its name when the folder was synced afterwards (fsync of the directory). Every
 * function here has done both when it resolves, and leaves the old state, whole, when it rejects.
 */

const OWNER_ONLY = { file: 0o600, folder: 0o700 } as const;

const TEMPORARY = /^\..+\.[0-9a-f]{16}\.tmp$/;

/** A new name in the folder of `path`, for bytes that are not complete yet: `.name.1f6c…e2.tmp`. */
export function temporaryBeside(path: string): string {
  return join(dirname(path), `.${basename(path)}.${randomBytes(8).toString('hex')}.tmp`);
}

/** Whether a file name is one that `temporaryBeside` made: after a crash such a file may be removed. */
export function isTemporary(filename: string): boolean {
  return TEMPORARY.test(filename);
}

/** Syncs a folder, so that the names created, replaced or removed in it are durable. */
export async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, 'r');
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}

/** The bytes of a file: at once, in pieces, or as they come. */
export type Content = Uint8Array | Iterable<Uint8Array> | AsyncIterable<Uint8Array>;

/**
 * Writes a whole file, or none: readers see the old content or the new. An existing file is replaced.
 * `mode` is that of the new file (default 0600). Also rejects, and leaves the old state, where the content throws.
 */
export async function writeDurable(
  path: string,
  content: Content,
  mode: number = OWNER_ONLY.file,
): Promise<void> {
  const temporary = temporaryBeside(path);
  try {
    await writeSynced(temporary, content, mode);
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
  await syncFolder(dirname(path));
}

/**
 * Makes a folder and those above it, each durable before the next. A folder that is there keeps its mode.
 * Rejects with ENOTDIR where a file has the name. It syncs every time: call it once per folder.
 */
export async function ensureDir(path: string, mode: number = OWNER_ONLY.folder): Promise<void> {
  const folder = resolve(path);
  const parent = dirname(folder);
  try {
    await mkdir(folder, { mode });
  } catch (error) {
    const code = codeOf(error);
    if (code === 'ENOENT' && parent !== folder) {
      await ensureDir(parent, mode);
      return ensureDir(folder, mode);
    }
    const existing = await stat(folder).catch(() => null);
    if (!existing) throw error;
    if (!existing.isDirectory())
      throw Object.assign(new Error(`not a folder: ${folder}`), { code: 'ENOTDIR' });
    // The file system's own root cannot be made and needs no name in a parent.
    if (code !== 'EEXIST') return;
  }
  await syncFolder(parent);
}

async function writeSynced(path: string, content: Content, mode: number): Promise<void> {
  const file = await open(path, 'wx', mode);
  try {
    for await (const piece of content instanceof Uint8Array ? [content] : content)
      await file.writeFile(piece);
    await file.datasync();
  } finally {
    await file.close();
  }
}

function codeOf(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined;
}
