import { ArchiveUnsafe } from './unsafe.ts';

const ZIP64 = 0x0001;
const UNICODE_PATH = 0x7075;

export interface Extra {
  /** The sizes of a ZIP64 extra field (APPNOTE 4.5.3) in a local header: unpacked, packed; else null. */
  readonly zip64: { readonly size: number; readonly packed: number } | null;
}

/**
 * Reads an extra field far enough to know that it changes nothing: whole blocks, no second name (Info-ZIP
 * Unicode Path), at most one ZIP64 block.
 */
export function readExtra(bytes: Buffer, path: string): Extra {
  let zip64: Extra['zip64'] = null;
  let at = 0;
  while (at < bytes.length) {
    if (at + 4 > bytes.length) throw new ArchiveUnsafe('broken extra field', path);
    const id = bytes.readUInt16LE(at);
    const block = bytes.subarray(at + 4, at + 4 + bytes.readUInt16LE(at + 2));
    at += 4 + bytes.readUInt16LE(at + 2);
    if (at > bytes.length) throw new ArchiveUnsafe('broken extra field', path);
    if (id === UNICODE_PATH) throw new ArchiveUnsafe('entry with a second name', path);
    if (id !== ZIP64) continue;
    if (zip64 || block.length < 16) throw new ArchiveUnsafe('ZIP64 entry', path);
    zip64 = { size: Number(block.readBigUInt64LE(0)), packed: Number(block.readBigUInt64LE(8)) };
  }
  return { zip64 };
}
