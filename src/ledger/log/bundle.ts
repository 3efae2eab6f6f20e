import { LogError } from './log-error.ts';
import { isWidth } from './tiles.ts';

/** Bytes of an entry at most: its length is written in two bytes (C2SP tlog-tiles, Log entries). */
export const MAX_BUNDLE_ENTRY = 65_535;

/** Entries as the bytes of one bundle, each after its length as a big-endian uint16. Throws LogError. */
export function bundleBytes(entries: readonly Uint8Array[]): Buffer {
  if (!isWidth(entries.length)) throw new LogError(`a bundle has 1 to 256 entries, not ${entries.length}`);
  return Buffer.concat(
    entries.flatMap((entry) => {
      if (entry.length > MAX_BUNDLE_ENTRY) throw new LogError('an entry is larger than 65535 bytes');
      const length = Buffer.allocUnsafe(2);
      length.writeUInt16BE(entry.length);
      return [length, entry];
    }),
  );
}

/** The entries of a bundle that holds `width` of them. Throws LogError where it holds more, fewer, or part of one. */
export function bundleEntries(bytes: Uint8Array, width: number): Buffer[] {
  if (!isWidth(width)) throw new LogError('a bundle is 1 to 256 entries wide');
  const all = Buffer.from(bytes);
  const entries: Buffer[] = [];
  let at = 0;
  for (let i = 0; i < width; i++) {
    const start = at + 2;
    const end = start <= all.length ? start + all.readUInt16BE(at) : Number.POSITIVE_INFINITY;
    if (end > all.length) throw new LogError(`a bundle of ${width} entries ends within entry ${i}`);
    entries.push(all.subarray(start, end));
    at = end;
  }
  if (at !== all.length) throw new LogError(`a bundle of ${width} entries has ${all.length - at} bytes more`);
  return entries;
}
