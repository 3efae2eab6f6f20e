import type { ByteSource } from '../verify.ts';
import { ArchiveUnsafe } from './unsafe.ts';
import { DATA_DESCRIPTOR, type ZipEntry } from './zip-directory.ts';
import type { ZipEnd } from './zip-end.ts';
import { readExtra } from './zip-extra.ts';

const HEADER = 30;
const WINDOW = 16 * 1024;
const ZIP64_SIZE = 0xffffffff;

/**
 * Compares every local header (APPNOTE 4.3.7) with the directory, and lays the entries end to end: from the
 * first byte of the file to the directory there is nothing else, and nothing twice. A reader that walks the
 * file sees what a reader of the directory sees. Answers each entry's place of data.
 */
export async function checkLocalHeaders(
  source: ByteSource,
  end: ZipEnd,
  entries: readonly ZipEntry[],
): Promise<Map<ZipEntry, number>> {
  const read = windowed(source);
  const dataAt = new Map<ZipEntry, number>();
  let at = 0;
  for (const entry of [...entries].sort((a, b) => a.offset - b.offset)) {
    if (entry.offset !== at) throw new ArchiveUnsafe('gap or overlap between entries', entry.path.text);
    const data = at + (await checkLocalHeader(read, at, end.offset, entry));
    dataAt.set(entry, data);
    at = data + entry.packed;
    if (at > end.offset) throw new ArchiveUnsafe('entry beyond the directory', entry.path.text);
    if (entry.flags & DATA_DESCRIPTOR) at += await descriptorLength(read, at, end.offset, entry);
  }
  if (at !== end.offset) throw new ArchiveUnsafe('bytes before the zip directory');
  return dataAt;
}

type Read = (offset: number, length: number) => Promise<Buffer>;

/** The length of the local header, after it was compared. */
async function checkLocalHeader(read: Read, at: number, limit: number, entry: ZipEntry): Promise<number> {
  const fail = (): ArchiveUnsafe => new ArchiveUnsafe('entry described in two ways', entry.path.text);
  if (at + HEADER > limit) throw fail();
  const head = await read(at, HEADER);
  const nameLength = head.readUInt16LE(26);
  const length = HEADER + nameLength + head.readUInt16LE(28);
  if (head.toString('latin1', 0, 4) !== 'PK\x03\x04' || at + length > limit) throw fail();
  const rest = await read(at + HEADER, length - HEADER);
  const { zip64 } = readExtra(rest.subarray(nameLength), entry.path.text);
  if (
    head.readUInt16LE(6) !== entry.flags ||
    head.readUInt16LE(8) !== entry.method ||
    rest.toString('latin1', 0, nameLength) !== entry.rawName
  ) {
    throw fail();
  }
  const said = { crc: head.readUInt32LE(14), packed: head.readUInt32LE(18), size: head.readUInt32LE(22) };
  const large = said.packed === ZIP64_SIZE && said.size === ZIP64_SIZE;
  if (large && !zip64) throw fail();
  const sizes = large && zip64 ? zip64 : said;
  const agrees = said.crc === entry.crc && sizes.packed === entry.packed && sizes.size === entry.size;
  const later = said.crc === 0 && sizes.packed === 0 && sizes.size === 0;
  if (entry.flags & DATA_DESCRIPTOR) {
    // A reader that walks the file cannot see where stored data ends.
    if (entry.method === 0 && entry.size !== 0 && !agrees) throw fail();
    if (!agrees && !later) throw fail();
  } else if (!agrees) {
    throw fail();
  }
  return length;
}

/** A data descriptor (APPNOTE 4.3.9) with or without signature, with 32- or 64-bit sizes. */
async function descriptorLength(read: Read, at: number, limit: number, entry: ZipEntry): Promise<number> {
  const bytes = await read(at, Math.min(24, limit - at));
  for (const signature of [4, 0]) {
    for (const width of [4, 8]) {
      const length = signature + 4 + 2 * width;
      if (bytes.length < length) continue;
      if (signature && bytes.toString('latin1', 0, 4) !== 'PK\x07\x08') continue;
      const number = (offset: number): number =>
        width === 4 ? bytes.readUInt32LE(offset) : Number(bytes.readBigUInt64LE(offset));
      const sizes = signature + 4;
      if (
        bytes.readUInt32LE(signature) === entry.crc &&
        number(sizes) === entry.packed &&
        number(sizes + width) === entry.size
      ) {
        return length;
      }
    }
  }
  throw new ArchiveUnsafe('entry described in two ways', entry.path.text);
}

/** Reads forward through one window, since the headers of small entries lie close together. */
function windowed(source: ByteSource): Read {
  let start = 0;
  let bytes = Buffer.alloc(0);
  return async (offset, length) => {
    if (offset < start || offset + length > start + bytes.length) {
      start = offset;
      bytes = Buffer.from(
        await source.read(offset, Math.min(Math.max(length, WINDOW), source.size - offset)),
      );
    }
    return bytes.subarray(offset - start, offset - start + length);
  };
}
