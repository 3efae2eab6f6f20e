import { crc32, inflateRawSync } from 'node:zlib';
import type { ByteSource } from '../verify.ts';
import { type Inflated, inflateRaw } from './inflate.ts';
import { ArchiveUnsafe } from './unsafe.ts';

const PIECE = 128 * 1024;
/** Room for the header's optional name, comment and extra field. */
const MAX_HEADER = 4096;
const TRAILER = 8;
/** Old tars were written in whole records of 10 KiB, compressed or not; all readers pass over the zeros. */
const MAX_PADDING = 64 * 1024;

const FLAG = { headerCrc: 2, extra: 4, name: 8, comment: 16, reserved: 0xe0 } as const;

/**
 * Unpacks a file that is exactly one gzip member (RFC 1952): nothing before it, nothing but zeros after it,
 * checksum and length right. Readers disagree about everything else: further members, garbage. Yields pieces
 * before the checksum at the end could be compared, so what was concluded from them counts only when the
 * iteration has ended without ArchiveUnsafe.
 */
export async function* gunzip(source: ByteSource): AsyncGenerator<Uint8Array, void, undefined> {
  const start = headerLength(await source.read(0, Math.min(MAX_HEADER, source.size)));
  if (start + TRAILER > source.size) throw new ArchiveUnsafe('gzip file is cut off');
  const inflated = (await atOnce(source, start)) ?? inflateRaw(piecesOf(source, start));
  let crc = 0;
  let length = 0;
  for await (const piece of inflated.pieces) {
    crc = crc32(piece, crc);
    length += piece.length;
    yield piece;
  }
  const end = start + inflated.consumed();
  if (end + TRAILER > source.size) throw new ArchiveUnsafe('gzip file is cut off');
  const trailer = Buffer.from(await source.read(end, TRAILER));
  if (trailer.readUInt32LE(0) !== crc) throw new ArchiveUnsafe('wrong gzip checksum');
  if (trailer.readUInt32LE(4) !== length % 2 ** 32) throw new ArchiveUnsafe('wrong gzip length');
  const padding = source.size - end - TRAILER;
  if (padding > MAX_PADDING) throw new ArchiveUnsafe('bytes after the gzip member');
  const rest = await source.read(end + TRAILER, padding);
  if (rest.some((byte) => byte !== 0)) throw new ArchiveUnsafe('bytes after the gzip member');
}

/** Packed and unpacked bytes of a file that is unpacked at once: a stream costs more than such a file does. */
const SMALL = { packed: 1024 ** 2, unpacked: 8 * 1024 ** 2 } as const;

/** Null for a file that is not small, and for one that cannot be unpacked: its stream says why. */
async function atOnce(source: ByteSource, start: number): Promise<Inflated | null> {
  if (source.size > SMALL.packed) return null;
  const packed = await source.read(start, source.size - start);
  try {
    // The types do not know `info`: what was unpacked, and the engine that counted what it took.
    const { buffer, engine } = inflateRawSync(packed, {
      info: true,
      maxOutputLength: SMALL.unpacked,
    }) as unknown as { readonly buffer: Buffer; readonly engine: { readonly bytesWritten: number } };
    const pieces = async function* (): AsyncGenerator<Uint8Array, void, undefined> {
      yield buffer;
    };
    return { pieces: pieces(), consumed: () => engine.bytesWritten };
  } catch {
    return null;
  }
}

async function* piecesOf(source: ByteSource, start: number): AsyncGenerator<Uint8Array> {
  for (let offset = start; offset < source.size; offset += PIECE) {
    yield await source.read(offset, Math.min(PIECE, source.size - offset));
  }
}

/** Where the compressed data begins (RFC 1952, 2.3). */
function headerLength(head: Uint8Array): number {
  if (head.length < 10 || head[0] !== 0x1f || head[1] !== 0x8b || head[2] !== 8) {
    throw new ArchiveUnsafe('not a gzip file');
  }
  const flags = head[3] ?? FLAG.reserved;
  if (flags & FLAG.reserved) throw new ArchiveUnsafe('gzip flags that no one has defined');
  let at = 10;
  if (flags & FLAG.extra) at += 2 + (head[at] ?? 0) + 256 * (head[at + 1] ?? 0);
  for (const flag of [FLAG.name, FLAG.comment]) {
    if (!(flags & flag)) continue;
    const zero = head.indexOf(0, at);
    if (zero < 0) throw new ArchiveUnsafe('gzip header too long');
    at = zero + 1;
  }
  if (flags & FLAG.headerCrc) at += 2;
  if (at > head.length) throw new ArchiveUnsafe('gzip header too long');
  return at;
}
