import type { Meter } from './meter.ts';
import { type ArchivePath, archivePath } from './path.ts';
import { type PaxChanges, readPax } from './pax.ts';
import { Pull } from './pull.ts';
import { isZeroBlock, readTarHeader, TAR_BLOCK, type TarHeader } from './tar-header.ts';
import { ArchiveUnsafe } from './unsafe.ts';

/** One file or folder of a tar. `bytes` is set for the files that were asked for. */
export interface TarEntry {
  readonly path: ArchivePath;
  readonly folder: boolean;
  readonly bytes: Uint8Array | null;
  /** Where a symbolic link leads, as it is written; null for all else. */
  readonly link: string | null;
}

export interface TarOptions {
  /** Which files are read whole. They may have `maxDocument` bytes at most. */
  readonly wants: (path: ArchivePath) => boolean;
  /** Source distributions made by plain `tar` have it; npm takes the dot for the folder to strip. */
  readonly leadingDot: boolean;
  /** Symbolic links are told, for the caller to judge; without it they are refused as all else is. */
  readonly links: boolean;
}

/** Readers pass over longer headers, and then read the next entry without them. */
const MAX_META = 1024 ** 2;

/**
 * Walks a tar in one pass, and knows files and folders, and symbolic links where they are asked for: hard links,
 * devices and all other kinds throw ArchiveUnsafe. What is read from an entry counts only when the whole walk has ended.
 */
export async function* walkTar(
  pieces: AsyncIterable<Uint8Array>,
  meter: Meter,
  { wants, leadingDot, links }: TarOptions,
): AsyncGenerator<TarEntry, void, undefined> {
  const pull = new Pull(metered(pieces, meter));
  let extended: PaxChanges | null = null;
  try {
    for (;;) {
      const block = await pull.take(TAR_BLOCK);
      if (block.length === 0 || (block.length === TAR_BLOCK && isZeroBlock(block))) break;
      if (block.length < TAR_BLOCK) throw new ArchiveUnsafe('tar is cut off');
      meter.entry();
      const header = readTarHeader(block);
      if (header.type === 'g') {
        const global = readPax(await meta(pull, header));
        if (extended || global.path !== null || global.size !== null) {
          throw new ArchiveUnsafe('global header that renames', header.path);
        }
        continue;
      }
      if (header.type === 'x' || header.type === 'L') {
        if (extended) throw new ArchiveUnsafe('two headers for one entry', header.path);
        const body = await meta(pull, header);
        extended = header.type === 'x' ? readPax(body) : { path: gnuName(body), size: null };
        continue;
      }
      const raw = extended?.path ?? header.path;
      // Python's reader takes it for a folder before it gives it its other name, and its body for headers.
      if (header.oldType && header.path.endsWith('/') && header.size !== 0) {
        throw new ArchiveUnsafe('folder with a body', raw);
      }
      if (extended?.size != null && extended.size !== header.size) {
        throw new ArchiveUnsafe('two sizes for one entry', raw);
      }
      extended = null;
      if (links && header.type === '2') {
        if (header.size !== 0) throw new ArchiveUnsafe('link with a body', raw);
        const path = archivePath(leadingDot ? withoutDot(raw) : raw, meter.limits.maxPath);
        yield { path, folder: false, bytes: null, link: header.link };
        continue;
      }
      if (header.type !== '0' && header.type !== '5') throw new ArchiveUnsafe('link or device', raw);
      if (leadingDot && header.type === '5' && (raw === './' || raw === '.')) continue;
      const path = archivePath(leadingDot ? withoutDot(raw) : raw, meter.limits.maxPath);
      const folder = header.type === '5' || path.folder;
      // A folder has no body; some readers believe its size and some do not.
      if (folder && header.size !== 0) throw new ArchiveUnsafe('folder with a body', raw);
      const wanted = !folder && wants(path);
      if (wanted && header.size > meter.limits.maxDocument)
        throw new ArchiveUnsafe('document too large', raw);
      yield { path, folder, bytes: wanted ? await body(pull, header) : null, link: null };
      if (!wanted) await skipBody(pull, header);
    }
    if (extended) throw new ArchiveUnsafe('header without an entry');
    await onlyZeros(pull);
  } finally {
    await pull.close();
  }
}

function withoutDot(raw: string): string {
  return raw.startsWith('./') ? raw.slice(2) : raw;
}

async function* metered(pieces: AsyncIterable<Uint8Array>, meter: Meter): AsyncGenerator<Uint8Array> {
  for await (const piece of pieces) {
    meter.bytes(piece.length);
    yield piece;
  }
}

async function meta(pull: Pull, header: TarHeader): Promise<Uint8Array> {
  if (header.size > MAX_META) throw new ArchiveUnsafe('extended header too large', header.path);
  return body(pull, header);
}

async function body(pull: Pull, header: TarHeader): Promise<Uint8Array> {
  const bytes = Uint8Array.from(await pull.take(header.size));
  if (bytes.length < header.size) throw new ArchiveUnsafe('tar is cut off', header.path);
  await exactly(pull, padding(header.size), header.path);
  return bytes;
}

async function skipBody(pull: Pull, header: TarHeader): Promise<void> {
  await exactly(pull, header.size + padding(header.size), header.path);
}

async function exactly(pull: Pull, length: number, path: string): Promise<void> {
  if ((await pull.skip(length)) < length) throw new ArchiveUnsafe('tar is cut off', path);
}

function padding(size: number): number {
  return (TAR_BLOCK - (size % TAR_BLOCK)) % TAR_BLOCK;
}

/** GNU `././@LongLink`: the next entry's name, up to a NUL. */
function gnuName(body: Uint8Array): string {
  const end = body.indexOf(0);
  const name = Buffer.from(end < 0 ? body : body.subarray(0, end)).toString('utf8');
  if (name === '' || (end >= 0 && body.subarray(end).some((byte) => byte !== 0))) {
    throw new ArchiveUnsafe('unreadable long name', name);
  }
  return name;
}

/** Some readers stop at the first block of zeros, others go on: after it there is nothing. */
async function onlyZeros(pull: Pull): Promise<void> {
  for (;;) {
    const rest = await pull.take(64 * 1024);
    if (rest.length === 0) return;
    if (!isZeroBlock(rest)) throw new ArchiveUnsafe('entries after the end of the tar');
  }
}
