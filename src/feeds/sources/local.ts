import type { Dirent } from 'node:fs';
import { open, readdir, stat } from 'node:fs/promises';
import { extname, join } from 'node:path';
import { FeedError } from '../feed-error.ts';
import type { Piece, SourceLimits } from './limits.ts';
import { recordsOfLines } from './lines.ts';
import { recordsOfZip } from './zip.ts';

/** Folders in folders, at most. */
const MAX_DEPTH = 40;

/**
 * The records below a path: a zip, a folder (what it holds as files, at any depth), `.json` with one record, or `.jsonl`.
 * @throws FeedError, or the file system's error: what is there and cannot be read is never passed over
 */
export async function* recordsAt(path: string, limits: SourceLimits): AsyncGenerator<Piece> {
  const found = await stat(path);
  const counted = { entries: 0 };
  if (found.isDirectory()) yield* recordsOfFolder(path, limits, counted, 0);
  else if (!found.isFile()) throw new FeedError('it is neither a file nor a folder');
  else if (readable(path) !== null) yield* recordsOfFile(path, limits);
  else if (await beginsAsZip(path)) yield* recordsOfZip(path, limits);
  else throw new FeedError('it is no zip, no folder, and no .json or .jsonl file');
}

async function* recordsOfFolder(
  folder: string,
  limits: SourceLimits,
  counted: { entries: number },
  depth: number,
): AsyncGenerator<Piece> {
  if (depth > MAX_DEPTH) throw new FeedError(`it is more than ${MAX_DEPTH} folders deep`);
  const entries = await readdir(folder, { withFileTypes: true });
  for (const entry of entries.sort(byName)) {
    const path = join(folder, entry.name);
    // A link is not followed: what it points to in here is found by its own name, and what lies outside was not named.
    if (entry.isDirectory()) yield* recordsOfFolder(path, limits, counted, depth + 1);
    else if (entry.isFile() && readable(path) !== null) {
      for await (const piece of recordsOfFile(path, limits)) {
        counted.entries++;
        if (counted.entries > limits.entries)
          throw new FeedError(`it has more than ${limits.entries} records`);
        yield piece;
      }
    }
  }
}

function byName(a: Dirent, b: Dirent): number {
  return a.name < b.name ? -1 : 1;
}

function readable(path: string): 'zip' | 'json' | 'jsonl' | null {
  switch (extname(path).toLowerCase()) {
    case '.zip':
      return 'zip';
    case '.json':
      return 'json';
    case '.jsonl':
      return 'jsonl';
    default:
      return null;
  }
}

async function* recordsOfFile(path: string, limits: SourceLimits): AsyncGenerator<Piece> {
  const kind = readable(path);
  try {
    if (kind === 'zip') yield* recordsOfZip(path, limits);
    else if (kind === 'jsonl') yield* recordsOfLines(path, limits);
    else yield await recordOf(path, limits);
  } catch (error) {
    if (error instanceof FeedError) throw new FeedError(`${path}: ${error.message}`, { cause: error });
    throw error;
  }
}

async function recordOf(path: string, limits: SourceLimits): Promise<Piece> {
  const file = await open(path, 'r');
  try {
    const { size } = await file.stat();
    return size > limits.record ? 'too-large' : await file.readFile();
  } finally {
    await file.close();
  }
}

async function beginsAsZip(path: string): Promise<boolean> {
  const file = await open(path, 'r');
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(4), 0, 4, 0);
    const magic = buffer.toString('latin1', 0, bytesRead);
    return magic === 'PK\x03\x04' || magic === 'PK\x05\x06';
  } finally {
    await file.close();
  }
}
