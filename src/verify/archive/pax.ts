import { ArchiveUnsafe } from './unsafe.ts';

/** What a pax extended header (POSIX.1-2001) changes about the entry after it. */
export interface PaxChanges {
  readonly path: string | null;
  readonly size: number | null;
}

/** Records that would change what the next body is, or how its name is read, in some readers only. */
const REFUSED = /^(?:linkpath|hdrcharset|GNU\.sparse\..*)$/;

/**
 * Reads the records `length key=value\n`. Some readers walk by length and some by line, so a record with a
 * line break inside is refused; and so are duplicates and whatever else has two readings.
 */
export function readPax(body: Uint8Array): PaxChanges {
  const bytes = Buffer.from(body.buffer, body.byteOffset, body.byteLength);
  const seen = new Map<string, string>();
  let at = 0;
  while (at < bytes.length) {
    const end = bytes.indexOf(0x0a, at);
    const line = end < 0 ? '' : bytes.toString('utf8', at, end);
    const match = /^([1-9][0-9]{0,8}) ([^=\0]+)=(.*)$/s.exec(line);
    if (!match || Number(match[1]) !== end + 1 - at) throw new ArchiveUnsafe('unreadable pax header');
    const [, , key = '', value = ''] = match;
    if (seen.has(key) || REFUSED.test(key)) throw new ArchiveUnsafe('pax header with two meanings');
    seen.set(key, value);
    at = end + 1;
  }
  const size = seen.get('size') ?? null;
  const path = seen.get('path') ?? null;
  if (size !== null && !/^(?:0|[1-9][0-9]{0,14})$/.test(size)) throw new ArchiveUnsafe('unreadable pax size');
  if (path !== null && (path === '' || path.includes('\ufffd')))
    throw new ArchiveUnsafe('unreadable pax path');
  return { path, size: size === null ? null : Number(size) };
}
