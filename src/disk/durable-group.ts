import {
  closeSync,
  fdatasyncSync,
  fsyncSync,
  mkdirSync,
  openSync,
  renameSync,
  rmSync,
  writeSync,
} from 'node:fs';
import { dirname, join, sep } from 'node:path';
import { temporaryBeside } from './durable.ts';
import { isMissing } from './missing.ts';

/** A file below some folder, and all of its bytes. */
export interface NewFile {
  readonly path: string;
  readonly bytes: Uint8Array;
}

/** Files that are open at once. */
const AT_ONCE = 64;

/**
 * Writes many whole files: all are durable under their names when this returns, and each is there whole or not at all
 * when it throws. Folders are made as they are needed. Of several files the bytes are written first and synced then, and
 * each folder is synced once. It blocks: for threads of their own.
 */
export function writeGroup(root: string, files: readonly NewFile[]): void {
  const folders = new Set<string>();
  for (let at = 0; at < files.length; at += AT_ONCE) writeSome(root, files.slice(at, at + AT_ONCE), folders);
  for (const folder of folders) syncFolderNow(folder);
}

/** Removes files, folders and what is in them; what is not there is no fault. Durable when this returns. */
export function removeGroup(root: string, paths: readonly string[]): void {
  const folders = new Set<string>();
  for (const path of paths) {
    rmSync(join(root, path), { recursive: true, force: true });
    folders.add(dirname(join(root, path)));
  }
  for (const folder of folders) {
    try {
      syncFolderNow(folder);
    } catch (error) {
      if (!isMissing(error)) throw error;
    }
  }
}

function writeSome(root: string, files: readonly NewFile[], folders: Set<string>): void {
  const open: number[] = [];
  const temporary = new Set<string>();
  try {
    const written = files.map(({ path, bytes }) => {
      const to = join(root, path);
      makeFolder(dirname(to), folders);
      const from = temporaryBeside(to);
      const file = openSync(from, 'wx', 0o600);
      temporary.add(from);
      open.push(file);
      // A disk that is almost full takes a part.
      for (let done = 0; done < bytes.length; ) done += writeSync(file, bytes, done);
      return { from, to };
    });
    for (const file of open) fdatasyncSync(file);
    for (const file of open.splice(0)) closeSync(file);
    for (const { from, to } of written) {
      renameSync(from, to);
      temporary.delete(from);
      folders.add(dirname(to));
    }
  } catch (error) {
    for (const file of open) closeSync(file);
    for (const path of temporary) rmSync(path, { force: true });
    throw error;
  }
}

function makeFolder(folder: string, folders: Set<string>): void {
  if (folders.has(folder)) return;
  const first = mkdirSync(folder, { recursive: true, mode: 0o700 });
  if (first === undefined) return;
  // Every name that is new: from the first folder that was made down to the last.
  for (
    let at = folder;
    at.length >= first.length && at.startsWith(first);
    at = at.slice(0, at.lastIndexOf(sep))
  )
    folders.add(dirname(at));
}

function syncFolderNow(path: string): void {
  const folder = openSync(path, 'r');
  try {
    fsyncSync(folder);
  } finally {
    closeSync(folder);
  }
}
