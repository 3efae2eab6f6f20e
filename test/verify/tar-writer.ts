import { gzipSync } from 'node:zlib';

/** One entry of a test archive. Everything can be wrong on purpose. */
export interface TarEntry {
  readonly path: string;
  readonly bytes?: string | Uint8Array;
  /** The type flag: `0` file (default), `5` folder, `2` symbolic link, `x` pax header, … */
  readonly type?: string;
  readonly link?: string;
  readonly mode?: number;
  /** Changes the finished header's fields before its checksum is made. */
  readonly patch?: (header: Buffer) => void;
  /** Changes the finished header after its checksum was made. */
  readonly corrupt?: (header: Buffer) => void;
}

const BLOCK = 512;

/** A tar archive (POSIX ustar), not compressed. */
export function makeTar(entries: readonly TarEntry[]): Buffer {
  const blocks: Buffer[] = [];
  for (const entry of entries) {
    const body = Buffer.from(entry.bytes ?? '');
    blocks.push(header(entry, body.length), body, Buffer.alloc((BLOCK - (body.length % BLOCK)) % BLOCK));
  }
  blocks.push(Buffer.alloc(2 * BLOCK));
  return Buffer.concat(blocks);
}

/** The records of a pax header (POSIX.1-2001): `length key=value\n`. */
export function paxRecords(values: readonly (readonly [string, string])[]): string {
  return values.map(([key, value]) => paxRecord(key, value)).join('');
}

function paxRecord(key: string, value: string): string {
  const rest = Buffer.byteLength(` ${key}=${value}\n`);
  let length = rest + String(rest).length;
  if (rest + String(length).length !== length) length = rest + String(length).length;
  return `${length} ${key}=${value}\n`;
}

function header(entry: TarEntry, size: number): Buffer {
  const block = Buffer.alloc(BLOCK);
  const [prefix, name] = splitPath(entry.path);
  block.write(name, 0, 100, 'utf8');
  block.write(octal(entry.mode ?? 0o644, 7), 100);
  block.write(octal(0, 7), 108);
  block.write(octal(0, 7), 116);
  block.write(octal(size, 11), 124);
  block.write(octal(499162500, 11), 136);
  block.write(entry.type ?? '0', 156);
  block.write(entry.link ?? '', 157, 100, 'utf8');
  block.write('ustar\x0000', 257);
  block.write(prefix, 345, 155, 'utf8');
  entry.patch?.(block);
  block.fill(' ', 148, 156);
  let sum = 0;
  for (const byte of block) sum += byte;
  block.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148);
  entry.corrupt?.(block);
  return block;
}

function splitPath(path: string): [prefix: string, name: string] {
  if (Buffer.byteLength(path) <= 100) return ['', path];
  for (let at = path.indexOf('/'); at > 0; at = path.indexOf('/', at + 1)) {
    if (Buffer.byteLength(path.slice(at + 1)) <= 100) return [path.slice(0, at), path.slice(at + 1)];
  }
  throw new Error('a path this long needs a pax header');
}

function octal(value: number, digits: number): string {
  return `${value.toString(8).padStart(digits, '0')}\0`;
}

/** The same bytes for the same entries: gzip is written without a time. */
export function gzip(bytes: Uint8Array): Buffer {
  return gzipSync(bytes, { level: 6 });
}
