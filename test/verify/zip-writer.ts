import { crc32, deflateRawSync } from 'node:zlib';

/** One entry of a test zip. Everything can be wrong on purpose. */
export interface ZipEntry {
  readonly path: string;
  readonly bytes?: string | Uint8Array;
  readonly store?: boolean;
  /** Unix mode in the upper half of the external attributes. */
  readonly mode?: number;
  readonly flags?: number;
  readonly method?: number;
  /** What the local header says instead. */
  readonly local?: { readonly path?: string; readonly size?: number; readonly method?: number };
  /** What the central directory says instead. */
  readonly central?: { readonly path?: string; readonly size?: number; readonly crc?: number };
  /** What both of them say, in agreement, and is not so. */
  readonly said?: { readonly size?: number; readonly crc?: number };
  /** Bytes behind the packed ones that count as packed ones. */
  readonly trailing?: Uint8Array;
  /** Sizes follow the data, and the local header has zeros (APPNOTE 4.3.9). */
  readonly dataDescriptor?: boolean;
  readonly extra?: Uint8Array;
}

export interface ZipOptions {
  readonly comment?: string;
  /** Bytes between the last entry and the central directory. */
  readonly gap?: Uint8Array;
}

const UTF8 = 0x800;
const DESCRIPTOR = 0x8;

/** A zip archive (PKWARE APPNOTE 6.3), 32-bit, with a fixed time. */
export function makeZip(entries: readonly ZipEntry[], options: ZipOptions = {}): Buffer {
  const parts: Buffer[] = [];
  const central: Buffer[] = [];
  let offset = 0;
  for (const entry of entries) {
    const plain = Buffer.from(entry.bytes ?? '');
    const packed = Buffer.concat([
      entry.store ? plain : deflateRawSync(plain),
      entry.trailing ?? Buffer.alloc(0),
    ]);
    const fields: Fields = {
      path: Buffer.from(entry.path),
      flags: (entry.flags ?? 0) | UTF8 | (entry.dataDescriptor ? DESCRIPTOR : 0),
      method: entry.method ?? (entry.store ? 0 : 8),
      crc: entry.said?.crc ?? crc32(plain),
      packed: packed.length,
      size: entry.said?.size ?? plain.length,
      extra: Buffer.from(entry.extra ?? ''),
    };
    const zeros = entry.dataDescriptor ? { crc: 0, packed: 0, size: 0 } : {};
    const local = localHeader({
      ...fields,
      ...zeros,
      ...(entry.local?.path === undefined ? {} : { path: Buffer.from(entry.local.path) }),
      ...(entry.local?.size === undefined ? {} : { size: entry.local.size }),
      ...(entry.local?.method === undefined ? {} : { method: entry.local.method }),
    });
    const written = Buffer.concat([
      local,
      packed,
      entry.dataDescriptor ? descriptor(fields) : Buffer.alloc(0),
    ]);
    central.push(
      centralHeader(
        {
          ...fields,
          ...(entry.central?.path === undefined ? {} : { path: Buffer.from(entry.central.path) }),
          ...(entry.central?.size === undefined ? {} : { size: entry.central.size }),
          ...(entry.central?.crc === undefined ? {} : { crc: entry.central.crc }),
        },
        entry.mode ?? 0o100644,
        offset,
      ),
    );
    parts.push(written);
    offset += written.length;
  }
  const gap = Buffer.from(options.gap ?? '');
  const directory = Buffer.concat(central);
  const end = endRecord(entries.length, directory.length, offset + gap.length, options.comment ?? '');
  return Buffer.concat([...parts, gap, directory, end]);
}

interface Fields {
  readonly path: Buffer;
  readonly flags: number;
  readonly method: number;
  readonly crc: number;
  readonly packed: number;
  readonly size: number;
  readonly extra: Buffer;
}

function common(fields: Fields): Buffer {
  const block = Buffer.alloc(26);
  block.writeUInt16LE(20, 0);
  block.writeUInt16LE(fields.flags, 2);
  block.writeUInt16LE(fields.method, 4);
  block.writeUInt16LE(0, 6);
  block.writeUInt16LE(0x21, 8);
  block.writeUInt32LE(fields.crc, 10);
  block.writeUInt32LE(fields.packed, 14);
  block.writeUInt32LE(fields.size, 18);
  block.writeUInt16LE(fields.path.length, 22);
  block.writeUInt16LE(fields.extra.length, 24);
  return block;
}

function localHeader(fields: Fields): Buffer {
  return Buffer.concat([Buffer.from('PK\x03\x04', 'latin1'), common(fields), fields.path, fields.extra]);
}

function centralHeader(fields: Fields, mode: number, offset: number): Buffer {
  const made = Buffer.from([20, 3]);
  const tail = Buffer.alloc(14);
  tail.writeUInt32LE((mode << 16) >>> 0, 6);
  tail.writeUInt32LE(offset, 10);
  const signature = Buffer.from('PK\x01\x02', 'latin1');
  return Buffer.concat([signature, made, common(fields), tail, fields.path, fields.extra]);
}

function descriptor(fields: Fields): Buffer {
  const block = Buffer.alloc(16);
  block.write('PK\x07\x08', 0, 'latin1');
  block.writeUInt32LE(fields.crc, 4);
  block.writeUInt32LE(fields.packed, 8);
  block.writeUInt32LE(fields.size, 12);
  return block;
}

function endRecord(count: number, size: number, offset: number, comment: string): Buffer {
  const block = Buffer.alloc(22);
  block.write('PK\x05\x06', 0, 'latin1');
  block.writeUInt16LE(count, 8);
  block.writeUInt16LE(count, 10);
  block.writeUInt32LE(size, 12);
  block.writeUInt32LE(offset, 16);
  block.writeUInt16LE(Buffer.byteLength(comment), 20);
  return Buffer.concat([block, Buffer.from(comment)]);
}
