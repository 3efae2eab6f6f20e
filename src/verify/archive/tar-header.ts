import { ArchiveUnsafe } from './unsafe.ts';

/** The fields of a tar header (POSIX.1-2001 ustar, GNU, v7) that say what follows. All others are ignored. */
export interface TarHeader {
  readonly path: string;
  /** The type flag; `0` for the old NUL. */
  readonly type: string;
  /** It was the old NUL: then a name with a slash at its end is a folder's. */
  readonly oldType: boolean;
  /** Bytes of the body. */
  readonly size: number;
  /** Of a symbolic link, where it leads, as it is written; else empty. */
  readonly link: string;
}

export const TAR_BLOCK = 512;
const NUL = 0;
/** The type flag `2`. */
const SYMBOLIC_LINK = 0x32;

/** Whether the block is one of those that end an archive. */
export function isZeroBlock(block: Uint8Array): boolean {
  return block.every((byte) => byte === 0);
}

/**
 * Reads a header of 512 bytes. It refuses each header that common readers (npm's and pnpm's, Python's
 * tarfile, GNU tar) read differently, as far as name, kind and length are concerned.
 */
export function readTarHeader(block: Uint8Array): TarHeader {
  const name = text(block.subarray(0, 100));
  if (octal(block, 148, 8, name) !== checksum(block)) throw new ArchiveUnsafe('wrong header checksum', name);
  const flag = block[156] ?? NUL;
  const prefix = text(prefixField(block));
  // Some readers prepend the prefix whatever the magic says, some only for this one.
  if (prefix !== '' && latin1(block, 257, 8) !== 'ustar\x0000') {
    throw new ArchiveUnsafe('path prefix in an old header', name);
  }
  return {
    path: prefix === '' ? name : `${prefix}/${name}`,
    type: flag === NUL ? '0' : String.fromCharCode(flag),
    oldType: flag === NUL,
    size: octal(block, 124, 12, name),
    link: flag === SYMBOLIC_LINK ? text(block.subarray(157, 257)) : '',
  };
}

/** The sum of all bytes, the checksum's own counted as spaces. */
function checksum(block: Uint8Array): number {
  let sum = 8 * 0x20;
  for (let at = 0; at < TAR_BLOCK; at++) if (at < 148 || at >= 156) sum += block[at] ?? 0;
  return sum;
}

/** Octal digits, spaces before, then nothing but NUL and spaces. No base-256: nothing here is that large. */
function octal(block: Uint8Array, at: number, length: number, path: string): number {
  const match = /^ *([0-7]+)[\0 ]*$/.exec(latin1(block, at, length));
  if (!match?.[1]) throw new ArchiveUnsafe('unreadable number in a header', path);
  return Number.parseInt(match[1], 8);
}

/** Text up to the first NUL. Readers differ over bytes after it, so there may be none. */
function text(field: Uint8Array): string {
  const end = field.indexOf(NUL);
  const decoded = Buffer.from(end < 0 ? field : field.subarray(0, end)).toString('utf8');
  if (end >= 0 && field.subarray(end).some((byte) => byte !== NUL)) {
    throw new ArchiveUnsafe('bytes after the end of a name', decoded);
  }
  return decoded;
}

/**
 * The prefix field. Some old archives have times in its last 24 bytes. npm's reader takes it for a short one
 * only where the byte before them is NUL, and else puts even an empty one, with its slash, before the name.
 */
function prefixField(block: Uint8Array): Uint8Array {
  return block.subarray(345, block[475] === NUL ? 476 : 500);
}

function latin1(block: Uint8Array, at: number, length: number): string {
  return Buffer.from(block.subarray(at, at + length)).toString('latin1');
}
