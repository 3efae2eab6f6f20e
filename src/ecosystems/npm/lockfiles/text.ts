import { LockfileUnreadable } from '../../lockfile.ts';

/** Characters in one lockfile; the largest monorepos have a tenth of it. */
const MAX_LENGTH = 50 * 1024 * 1024;

/**
 * A lockfile's text without its byte order mark.
 * @throws LockfileUnreadable where it is too long, or two branches of it were never made one
 */
export function lockfileText(raw: string): string {
  if (raw.length > MAX_LENGTH) {
    throw new LockfileUnreadable(`the lockfile is longer than ${MAX_LENGTH} characters`);
  }
  const conflict = /^<{7}[ \r\n]/m.exec(raw);
  if (conflict) {
    throw new LockfileUnreadable(
      'the lockfile holds the marks of an unfinished merge',
      lineAt(raw, conflict.index),
    );
  }
  return raw.startsWith('\uFEFF') ? raw.slice(1) : raw;
}

/** The line, from 1, of an offset in a text. */
export function lineAt(text: string, offset: number): number {
  let line = 1;
  for (let i = text.indexOf('\n'); i >= 0 && i < offset; i = text.indexOf('\n', i + 1)) line++;
  return line;
}
