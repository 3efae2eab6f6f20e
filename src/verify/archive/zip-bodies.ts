import { crc32, inflateRawSync } from 'node:zlib';
import type { ByteSource } from '../verify.ts';
import { inflateRaw } from './inflate.ts';
import { ArchiveUnsafe } from './unsafe.ts';
import type { ZipEntry } from './zip-directory.ts';

/** Takes the unpacked bytes of one entry, in order. A piece is only valid until the call returns. */
export interface BodySink {
  write(piece: Uint8Array): void;
  /** All of them were there, of the length and CRC-32 that the directory says. */
  end(): void;
}

/** Bytes that are read at once, and the largest entry, packed or not, that is unpacked in one step. */
const WINDOW = 1024 ** 2;
/** Of larger ones. */
const PIECE = 256 * 1024;

/**
 * Unpacks every entry, in the order in which they lie in the file, and compares length and CRC-32; `dataAt` in that
 * order, too. Never more than a few windows are in memory, whatever an entry's size. Throws ArchiveUnsafe.
 */
export async function walkBodies(
  source: ByteSource,
  dataAt: ReadonlyMap<ZipEntry, number>,
  sinkOf: (entry: ZipEntry) => BodySink | null,
): Promise<void> {
  let start = 0;
  let window: Uint8Array = new Uint8Array();
  for (const [entry, offset] of dataAt) {
    const sink = sinkOf(entry);
    if (entry.packed > WINDOW || entry.size > WINDOW) {
      await stream(source, offset, entry, sink);
      continue;
    }
    if (offset < start || offset + entry.packed > start + window.length) {
      start = offset;
      window = await source.read(offset, Math.min(WINDOW, source.size - offset));
    }
    const packed = window.subarray(offset - start, offset - start + entry.packed);
    const bytes = unpack(packed, entry);
    if (crc32(bytes) !== entry.crc) throw wrong(entry);
    sink?.write(bytes);
    sink?.end();
  }
}

/**
 * Unpacks the whole of a small entry; the CRC-32 is the caller's. Throws ArchiveUnsafe. In one step, because a
 * stream for each of some thousand small files costs more than their bytes.
 */
export function unpack(packed: Uint8Array, entry: ZipEntry): Uint8Array {
  const bytes = entry.method === 0 ? packed : inflate(packed, entry);
  if (bytes.length !== entry.size) throw wrong(entry);
  return bytes;
}

/** What node:zlib answers with the option `info`, which its types do not say. */
interface Told {
  readonly buffer: Uint8Array;
  /** How many packed bytes it took. */
  readonly engine: { readonly bytesWritten: number };
}

function inflate(packed: Uint8Array, entry: ZipEntry): Uint8Array {
  // One more than there should be, so that a longer body is seen, and no second round is needed for one that fits.
  const room = entry.size + 1;
  const options = { info: true, maxOutputLength: room, chunkSize: Math.max(room, 64) };
  let told: Told;
  try {
    told = inflateRawSync(packed, options) as unknown as Told;
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : '';
    if (code === 'ERR_BUFFER_TOO_LARGE') throw wrong(entry);
    if (code.startsWith('Z_')) throw new ArchiveUnsafe('broken compressed data', entry.path.text);
    throw error;
  }
  if (told.engine.bytesWritten !== packed.length) {
    throw new ArchiveUnsafe('bytes after an entry', entry.path.text);
  }
  return told.buffer;
}

async function stream(
  source: ByteSource,
  offset: number,
  entry: ZipEntry,
  sink: BodySink | null,
): Promise<void> {
  const packed = piecesOf(source, offset, entry.packed);
  const inflated = entry.method === 0 ? null : inflateRaw(packed);
  let crc = 0;
  let length = 0;
  for await (const piece of inflated?.pieces ?? packed) {
    length += piece.length;
    if (length > entry.size) throw wrong(entry);
    crc = crc32(piece, crc);
    sink?.write(piece);
  }
  if (inflated && inflated.consumed() !== entry.packed) {
    throw new ArchiveUnsafe('bytes after an entry', entry.path.text);
  }
  if (length !== entry.size || crc !== entry.crc) throw wrong(entry);
  sink?.end();
}

async function* piecesOf(source: ByteSource, offset: number, length: number): AsyncGenerator<Uint8Array> {
  const end = offset + length;
  for (let at = offset; at < end; at += PIECE) yield await source.read(at, Math.min(PIECE, end - at));
}

function wrong(entry: ZipEntry): ArchiveUnsafe {
  return new ArchiveUnsafe('wrong length or checksum', entry.path.text);
}
