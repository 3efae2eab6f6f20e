import { crc32 } from 'node:zlib';
import type { ByteSource } from '../verify.ts';
import { inflateRaw } from './inflate.ts';
import type { Meter } from './meter.ts';
import { ArchiveUnsafe } from './unsafe.ts';
import { readZipDirectory, type ZipEntry } from './zip-directory.ts';
import { readZipEnd } from './zip-end.ts';
import { checkLocalHeaders } from './zip-locals.ts';

export type { ZipEntry } from './zip-directory.ts';

/** A zip whose directory, local headers and bytes say one thing only. */
export interface Zip {
  readonly entries: readonly ZipEntry[];
  /** Unpacks one entry of at most `maxDocument` bytes; its length and CRC-32 are checked. */
  read(entry: ZipEntry): Promise<Uint8Array>;
}

/** Opens a zip, strictly. Throws ArchiveUnsafe. */
export async function openZip(source: ByteSource, meter: Meter): Promise<Zip> {
  const end = await readZipEnd(source);
  const entries = await readZipDirectory(source, end, meter);
  const dataAt = await checkLocalHeaders(source, end, entries);
  return {
    entries,
    async read(entry) {
      const offset = dataAt.get(entry);
      if (offset === undefined) throw new TypeError('an entry of another zip');
      if (entry.size > meter.limits.maxDocument || entry.packed > meter.limits.maxDocument) {
        throw new ArchiveUnsafe('document too large', entry.path.text);
      }
      const packed = await source.read(offset, entry.packed);
      const bytes = entry.method === 0 ? packed : await unpack(packed, entry);
      if (bytes.length !== entry.size || crc32(bytes) !== entry.crc) {
        throw new ArchiveUnsafe('wrong length or checksum', entry.path.text);
      }
      return bytes;
    },
  };
}

async function unpack(packed: Uint8Array, entry: ZipEntry): Promise<Uint8Array> {
  const inflated = inflateRaw(once(packed));
  const pieces: Uint8Array[] = [];
  let length = 0;
  for await (const piece of inflated.pieces) {
    length += piece.length;
    if (length > entry.size) throw new ArchiveUnsafe('wrong length or checksum', entry.path.text);
    pieces.push(piece);
  }
  if (inflated.consumed() !== packed.length) throw new ArchiveUnsafe('bytes after an entry', entry.path.text);
  return Buffer.concat(pieces);
}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}
