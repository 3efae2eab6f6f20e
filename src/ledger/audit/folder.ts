import { opendir } from 'node:fs/promises';
import { join } from 'node:path';
import { readUpTo } from '../../disk/bounded.ts';
import { leadsNowhere } from '../../disk/missing.ts';
import { MAX_NOTE_BYTES } from '../log/note.ts';
import { parseLogPath } from '../log/tiles.ts';
import type { AuditSource } from './audit-source.ts';

/** Bytes that a file of a log can have: of a larger one so many are read and one more, which shows that it is too large. */
export function maxBytes(path: string): number {
  const parsed = parseLogPath(path);
  if (parsed?.kind === 'tile') return parsed.tile.width * 32;
  if (parsed?.kind === 'bundle') return parsed.width * (2 + 65_535);
  return path === 'vkey' ? 4096 : MAX_NOTE_BYTES;
}

/** A log in a folder, for an audit. Nothing of it is believed: not how large a file is, nor that it is one. */
export function auditFolder(folder: string): AuditSource {
  return {
    read: (path) => readLogFile(folder, path),
    list: () => filesBelow(folder, ''),
  };
}

/** A file of a log by its path; null where it is not there. */
export async function readLogFile(folder: string, path: string): Promise<Uint8Array | null> {
  try {
    return await readUpTo(join(folder, path), maxBytes(path) + 1);
  } catch (error) {
    if (leadsNowhere(error)) return null;
    throw error;
  }
}

/** Folders hold up to a thousand others, and are read one entry at a time. */
async function* filesBelow(folder: string, prefix: string): AsyncGenerator<string> {
  const entries = await opendir(join(folder, prefix)).catch((error: unknown) => {
    if (leadsNowhere(error)) return null;
    throw error;
  });
  if (entries === null) return;
  for await (const entry of entries) {
    const path = prefix === '' ? entry.name : `${prefix}/${entry.name}`;
    if (entry.isDirectory()) yield* filesBelow(folder, path);
    else yield path;
  }
}
