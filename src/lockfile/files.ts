import { constants } from 'node:fs';
import { type FileHandle, open, stat } from 'node:fs/promises';
import { basename, dirname, resolve } from 'node:path';
import { type Lockfile, LockfileUnreadable } from '../ecosystems/lockfile.ts';
import { LOCKFILES, readLockfile } from '../ecosystems/lockfiles.ts';
import { type Digest, sha256 } from '../model/digest.ts';

/** More than any lockfile that is seen in practice; the largest are some 10 MB. */
const MAX_LOCKFILE = 64 * 1024 ** 2;

/** A lockfile as it was read from disk. */
export interface GivenLockfile {
  /** As the command line has it. */
  readonly path: string;
  /** Last segment of its folder's path, and its own name. */
  readonly folder: string;
  readonly filename: string;
  /** sha256 of its bytes. */
  readonly digest: Digest;
  readonly lockfile: Lockfile;
}

/**
 * Whether a word of the command line is a lockfile and no package: by its name, which a format claims, or because it is
 * spelled like a path and is a file. What is both, such as a package named `yarn.lock`, is taken for the file.
 */
export async function isLockfile(word: string): Promise<boolean> {
  if (LOCKFILES.some((format) => format.claims(basename(word)))) return true;
  const isPath = /^[./]|\.(json|jsonc|lock|ya?ml|toml|txt|in|cfg)$/i.test(word);
  return isPath && ((await stat(word).catch(() => null))?.isFile() ?? false);
}

/** Reads lockfiles. Rejects with LockfileUnreadable, its message with the path in front: what is no lockfile pins nothing. */
export async function readLockfiles(paths: readonly string[]): Promise<GivenLockfile[]> {
  const given: GivenLockfile[] = [];
  for (const path of paths) given.push(await readOne(path));
  return given;
}

async function readOne(path: string): Promise<GivenLockfile> {
  const whole = resolve(path);
  const filename = basename(whole);
  const bytes = await readBounded(path);
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    throw new LockfileUnreadable(`${path}: it is not text in UTF-8`);
  }
  try {
    const lockfile = readLockfile(filename, text);
    return { path, folder: basename(dirname(whole)), filename, digest: sha256(bytes), lockfile };
  } catch (error) {
    if (!(error instanceof LockfileUnreadable)) throw error;
    const line = error.line === null ? '' : `:${error.line}`;
    throw new LockfileUnreadable(`${path}${line}: ${error.message}`, error.line);
  }
}

/** Never waits: what is no file of a bearable size is refused, even if it became so a moment ago. */
async function readBounded(path: string): Promise<Buffer> {
  let file: FileHandle | undefined;
  try {
    file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
    const status = await file.stat();
    if (!status.isFile()) throw new Error('it is no regular file');
    if (status.size > MAX_LOCKFILE) throw new Error(`it has more than ${MAX_LOCKFILE} bytes`);
    // By length, not to its end: it may grow while it is read.
    const bytes = Buffer.alloc(status.size + 1);
    let length = 0;
    for (;;) {
      const { bytesRead } = await file.read(bytes, length, bytes.length - length, length);
      if (bytesRead === 0) return bytes.subarray(0, length);
      length += bytesRead;
      if (length === bytes.length) throw new Error('it grows while it is read');
    }
  } catch (error) {
    throw new LockfileUnreadable(`${path}: ${error instanceof Error ? error.message : String(error)}`);
  } finally {
    await file?.close();
  }
}
