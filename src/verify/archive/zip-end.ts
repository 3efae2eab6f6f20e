import type { ByteSource } from '../verify.ts';
import { ArchiveUnsafe } from './unsafe.ts';

/** Where the central directory lies, and how many entries it has. */
export interface ZipEnd {
  readonly count: number;
  readonly offset: number;
  readonly size: number;
}

export const END_SIZE = 22;
const LOCATOR_SIZE = 20;

/**
 * Reads the end record of a zip (APPNOTE 4.3.16). It must be the file's last 22 bytes and the directory must
 * lie right before it: no comment, no bytes behind, no second end record, no ZIP64, one disk. Readers search
 * for this record in several ways, and in such a file all of them find the same one.
 */
export async function readZipEnd(source: ByteSource): Promise<ZipEnd> {
  if (source.size < END_SIZE) throw new ArchiveUnsafe('too short for a zip');
  const tail = Math.min(source.size, END_SIZE + LOCATOR_SIZE);
  const bytes = Buffer.from(await source.read(source.size - tail, tail));
  const end = bytes.subarray(tail - END_SIZE);
  if (end.toString('latin1', 0, 4) !== 'PK\x05\x06' || end.readUInt16LE(20) !== 0) {
    throw new ArchiveUnsafe('no end record at the end of the zip');
  }
  const before = tail > END_SIZE ? bytes.toString('latin1', 0, 4) : '';
  const count = end.readUInt16LE(10);
  const size = end.readUInt32LE(12);
  const offset = end.readUInt32LE(16);
  if (before === 'PK\x06\x07' || count === 0xffff || size === 0xffffffff || offset === 0xffffffff) {
    throw new ArchiveUnsafe('ZIP64 directory');
  }
  if (end.readUInt16LE(4) !== 0 || end.readUInt16LE(6) !== 0 || end.readUInt16LE(8) !== count) {
    throw new ArchiveUnsafe('zip on several disks');
  }
  if (offset + size !== source.size - END_SIZE) throw new ArchiveUnsafe('zip directory in another place');
  return { count, offset, size };
}
