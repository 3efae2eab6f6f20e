import type { ByteSource } from '../verify.ts';
import type { Meter } from './meter.ts';
import { type ArchivePath, archivePath } from './path.ts';
import { ArchiveUnsafe } from './unsafe.ts';
import type { ZipEnd } from './zip-end.ts';
import { readExtra } from './zip-extra.ts';

/** One entry as the central directory describes it. */
export interface ZipEntry {
  readonly path: ArchivePath;
  /** The name's bytes as latin1, to be compared with the local header's. */
  readonly rawName: string;
  readonly flags: number;
  readonly method: number;
  readonly crc: number;
  readonly packed: number;
  readonly size: number;
  /** Where its local header begins. */
  readonly offset: number;
}

/** Flags with a meaning that we accept: DEFLATE levels (1, 2), data descriptor (3), UTF-8 names (11). */
const KNOWN_FLAGS = 0x80e;
export const DATA_DESCRIPTOR = 0x8;
const UTF8_NAME = 0x800;
const HEADER = 46;
const MAX_DIRECTORY = 64 * 1024 ** 2;
const FILE_TYPE = 0o170000;
const REGULAR = 0o100000;
const FOLDER = 0o040000;

/**
 * Reads the central directory (APPNOTE 4.3.12). Refused: encryption, methods other than stored and DEFLATE,
 * links and devices, two entries of one name, names that are no safe relative path.
 */
export async function readZipDirectory(source: ByteSource, end: ZipEnd, meter: Meter): Promise<ZipEntry[]> {
  if (end.size > MAX_DIRECTORY) throw new ArchiveUnsafe('zip directory too large');
  const bytes = Buffer.from(await source.read(end.offset, end.size));
  const entries: ZipEntry[] = [];
  const seen = new Set<string>();
  let at = 0;
  while (at < bytes.length) {
    meter.entry();
    if (at + HEADER > bytes.length || bytes.toString('latin1', at, at + 4) !== 'PK\x01\x02') {
      throw new ArchiveUnsafe('broken zip directory');
    }
    const next =
      at + HEADER + bytes.readUInt16LE(at + 28) + bytes.readUInt16LE(at + 30) + bytes.readUInt16LE(at + 32);
    if (next > bytes.length) throw new ArchiveUnsafe('broken zip directory');
    const entry = readEntry(bytes.subarray(at, next), meter.limits.maxPath);
    if (seen.has(entry.path.text)) throw new ArchiveUnsafe('two entries of one name', entry.path.text);
    seen.add(entry.path.text);
    meter.bytes(entry.size);
    entries.push(entry);
    at = next;
  }
  if (entries.length !== end.count) throw new ArchiveUnsafe('zip directory of another length');
  return entries;
}

function readEntry(header: Buffer, maxPath: number): ZipEntry {
  const nameEnd = HEADER + header.readUInt16LE(28);
  const flags = header.readUInt16LE(8);
  const rawName = header.toString('latin1', HEADER, nameEnd);
  const path = archivePath(header.toString(flags & UTF8_NAME ? 'utf8' : 'latin1', HEADER, nameEnd), maxPath);
  const method = header.readUInt16LE(10);
  const packed = header.readUInt32LE(20);
  const size = header.readUInt32LE(24);
  const fail = (what: string): ArchiveUnsafe => new ArchiveUnsafe(what, path.text);
  readExtra(header.subarray(nameEnd, nameEnd + header.readUInt16LE(30)), path.text);
  if (flags & ~KNOWN_FLAGS) throw fail('encrypted or patched entry');
  if (method !== 0 && method !== 8) throw fail('unknown compression');
  if (method === 0 && packed !== size) throw fail('stored entry of two sizes');
  if (packed === 0xffffffff || size === 0xffffffff) throw fail('ZIP64 entry');
  if (header.readUInt16LE(34) !== 0) throw fail('zip on several disks');
  if (path.folder && size !== 0) throw fail('folder with a body');
  const type = (header.readUInt32LE(38) >>> 16) & FILE_TYPE;
  if (type !== 0 && type !== (path.folder ? FOLDER : REGULAR)) throw fail('link or device');
  const crc = header.readUInt32LE(16);
  return { path, rawName, flags, method, crc, packed, size, offset: header.readUInt32LE(42) };
}
