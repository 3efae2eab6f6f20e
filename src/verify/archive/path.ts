import { ArchiveUnsafe } from './unsafe.ts';

/** A path inside an archive, checked: relative, no `..`, no empty segment, no NUL, no backslash. */
export interface ArchivePath {
  /** The segments joined by `/`, without those that are `.` */
  readonly text: string;
  readonly segments: readonly string[];
  /** It ended in a slash. */
  readonly folder: boolean;
}

/** Folders in folders, and the file: the deepest of some thousand real packages has 12 of them. */
export const MAX_DEPTH = 128;

/**
 * Reads an entry's path so strictly that it means one place for every unpacker on every system. Throws
 * ArchiveUnsafe for the rest. `maxPath` is in UTF-16 units.
 */
export function archivePath(raw: string, maxPath: number): ArchivePath {
  if (raw.length > maxPath) throw new ArchiveUnsafe('path too long', raw);
  if (raw.includes('\0')) throw new ArchiveUnsafe('NUL in a path', raw);
  if (raw.includes('\\')) throw new ArchiveUnsafe('backslash in a path', raw);
  // `C:x` is absolute on one system and a plain name on the others.
  if (/^[A-Za-z]:/.test(raw) || raw.startsWith('/')) throw new ArchiveUnsafe('absolute path', raw);
  const folder = raw.endsWith('/');
  const written = (folder ? raw.slice(0, -1) : raw).split('/');
  for (const segment of written) {
    if (segment === '..') throw new ArchiveUnsafe('path that leaves its folder', raw);
    if (segment === '') throw new ArchiveUnsafe('ambiguous path', raw);
  }
  // Some packers write `package/./dist/a.js`. In the first place, the dot would be the folder to strip.
  if (written[0] === '.') throw new ArchiveUnsafe('ambiguous path', raw);
  const segments = written.filter((segment) => segment !== '.');
  if (segments.length > MAX_DEPTH) throw new ArchiveUnsafe('path too deep', raw);
  return { text: segments.join('/'), segments, folder };
}

/**
 * A path as a file system that ignores case and Unicode forms sees it. A file whose folded path is one that
 * we decide by, but whose path is not, would be another file on another system.
 */
export function folded(path: string): string {
  return path.normalize('NFKC').toLowerCase();
}
