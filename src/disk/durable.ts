import { randomBytes } from 'node:crypto';
import { link, mkdir, open, rename, rm, stat } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';

/**
 * A rename is not durability. A file survives a power loss only when its bytes were synced before it got
 * its name (fdatasync), and its name when the folder was synced afterwards (fsync of the directory). Every
 * function here has done both when it resolves, and leaves the old state, whole, when it rejects.
 */

const OWNER_ONLY = { file: 0o600, folder: 0o700 } as const;

/** File systems without hard links say so in one of these ways. */
const NO_LINKS = new Set(['EPERM', 'ENOSYS', 'EOPNOTSUPP', 'ENOTSUP', 'EMLINK']);

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

/**
 * Writes a whole file, or none: readers see the old content or the new. An existing file is replaced.
 * `mode` is that of the new file (default 0600).
 */
export async function writeDurable(
  path: string,
  content: Uint8Array | readonly Uint8Array[],
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

/** Renames a file whose bytes are durable already; replaces what has the name `to`. */
export async function renameDurable(from: string, to: string): Promise<void> {
  await rename(from, to);
  await syncFolder(dirname(to));
  if (resolve(dirname(from)) !== resolve(dirname(to))) await syncFolder(dirname(from));
}

/**
 * Gives a complete temporary file its final name, durably and without replacing a file that has the name:
 * then the temporary one is removed and the answer is `exists`. Both must be on one file system. The name
 * must stand for the content (a digest): where the file system has no hard links, a file that appears at the
 * same moment is replaced by its equal. When it rejects, the temporary file is still there.
 */
export async function commitDurable(temporary: string, final: string): Promise<'created' | 'exists'> {
  await syncFile(temporary);
  const outcome = await nameWithoutReplacing(temporary, final);
  // Also where it exists: whoever made it may not have synced the folder yet.
  await syncFolder(dirname(final));
  await rm(temporary, { force: true });
  return outcome;
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

async function writeSynced(
  path: string,
  content: Uint8Array | readonly Uint8Array[],
  mode: number,
): Promise<void> {
  const file = await open(path, 'wx', mode);
  try {
    for (const piece of content instanceof Uint8Array ? [content] : content) await file.writeFile(piece);
    await file.datasync();
  } finally {
    await file.close();
  }
}

async function syncFile(path: string): Promise<void> {
  const file = await open(path, 'r');
  try {
    await file.datasync();
  } finally {
    await file.close();
  }
}

async function nameWithoutReplacing(temporary: string, final: string): Promise<'created' | 'exists'> {
  try {
    await link(temporary, final);
    return 'created';
  } catch (error) {
    const code = codeOf(error);
    if (code === 'EEXIST') return 'exists';
    if (!NO_LINKS.has(code ?? '')) throw error;
  }
  if (await stat(final).catch(() => null)) return 'exists';
  await rename(temporary, final);
  return 'created';
}

function codeOf(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined;
}
