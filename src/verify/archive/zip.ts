import { crc32 } from 'node:zlib';
import type { ByteSource } from '../verify.ts';
import type { Meter } from './meter.ts';
import { ArchiveUnsafe } from './unsafe.ts';
import { type BodySink, unpack, walkBodies } from './zip-bodies.ts';
import { readZipDirectory, type ZipEntry } from './zip-directory.ts';
import { readZipEnd } from './zip-end.ts';
import { checkLocalHeaders } from './zip-locals.ts';

export type { BodySink } from './zip-bodies.ts';
export type { ZipEntry } from './zip-directory.ts';

/** A zip whose directory and local headers say one thing only. */
export interface Zip {
  readonly entries: readonly ZipEntry[];
  /** Unpacks one entry of at most `max` bytes (default: the limit of documents); its length and CRC-32 are checked. */
  read(entry: ZipEntry, max?: number): Promise<Uint8Array>;
  /** Unpacks every entry in pieces, and checks length and CRC-32 of each: see `walkBodies`. */
  walk(sinkOf: (entry: ZipEntry) => BodySink | null): Promise<void>;
}

/** Opens a zip, strictly. Throws ArchiveUnsafe. */
export async function openZip(source: ByteSource, meter: Meter): Promise<Zip> {
  const end = await readZipEnd(source);
  const entries = await readZipDirectory(source, end, meter);
  const dataAt = await checkLocalHeaders(source, end, entries);
  return {
    entries,
    async read(entry, max = meter.limits.maxDocument) {
      const offset = dataAt.get(entry);
      if (offset === undefined) throw new TypeError('an entry of another zip');
      if (entry.size > max || entry.packed > max) {
        throw new ArchiveUnsafe('document too large', entry.path.text);
      }
      const bytes = unpack(await source.read(offset, entry.packed), entry);
      if (crc32(bytes) !== entry.crc) throw new ArchiveUnsafe('wrong length or checksum', entry.path.text);
      return bytes;
    },
    walk: (sinkOf) => walkBodies(source, dataAt, sinkOf),
  };
}
