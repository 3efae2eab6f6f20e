import { open } from 'node:fs/promises';
import { PassThrough } from 'node:stream';
import { crc32, inflateRawSync } from 'node:zlib';
import yauzl, { type Entry, type ZipFile } from 'yauzl';
import { FeedError } from '../feed-error.ts';
import { type Piece, RATIO_FROM, type SourceLimits } from './limits.ts';
import { FileWindows } from './windows.ts';

const STORED = 0;
const DEFLATED = 8;

/**
 * The records of a zip: its entries `*.json`, in the order of its directory. Nothing is ever written by an entry's name.
 * @throws FeedError where it is no zip, or one that no export of advisories looks like: encrypted, with a name that leads
 * elsewhere, with bytes that are not what its directory says, or larger than the bounds
 */
export async function* recordsOfZip(path: string, limits: SourceLimits): AsyncGenerator<Piece> {
  const file = await open(path, 'r');
  try {
    const { size } = await file.stat();
    const windows = new FileWindows(file.fd, size);
    const zip = await worded(() => yauzl.fromRandomAccessReaderPromise(new Reader(windows), size, OPTIONS));
    if (zip.entryCount > limits.entries)
      throw new FeedError(`it has ${zip.entryCount} entries, and may have ${limits.entries}`);
    yield* entriesOf(zip, windows, size, limits);
  } finally {
    await file.close();
  }
}

const OPTIONS = { autoClose: false, validateEntrySizes: true } as const;

async function* entriesOf(
  zip: ZipFile,
  windows: FileWindows,
  size: number,
  limits: SourceLimits,
): AsyncGenerator<Piece> {
  let unpacked = 0;
  const entries = zip.eachEntry();
  for (;;) {
    const next = await worded(() => entries.next());
    if (next.done) return;
    const entry: Entry = next.value;
    if (entry.isEncrypted()) throw new FeedError('it is encrypted');
    if (!entry.fileName.toLowerCase().endsWith('.json')) continue;
    if (entry.uncompressedSize > limits.record) {
      yield 'too-large';
      continue;
    }
    const bytes = await worded(() => unpack(zip, entry, windows));
    unpacked += bytes.length;
    if (unpacked > limits.unpacked || (unpacked > RATIO_FROM && unpacked > size * limits.ratio))
      throw new FeedError('it unpacks to more than an export of advisories does');
    yield bytes;
  }
}

async function unpack(zip: ZipFile, entry: Entry, windows: FileWindows): Promise<Buffer> {
  const { fileDataStart } = await zip.readLocalFileHeaderPromise(entry, { minimal: true });
  const packed = windows.bytes(fileDataStart, entry.compressedSize);
  const bytes = plain(entry, packed);
  if (bytes.length !== entry.uncompressedSize || crc32(bytes) !== entry.crc32)
    throw new FeedError('an entry is not what its directory says');
  return bytes;
}

function plain({ compressionMethod, uncompressedSize }: Entry, packed: Buffer): Buffer {
  if (compressionMethod === STORED) return packed;
  if (compressionMethod !== DEFLATED) throw new FeedError('it is packed in a way that is not read here');
  // One piece for the whole: the default of 16 KiB for each record is garbage that grows faster than it is collected.
  const chunkSize = Math.max(uncompressedSize + 1, 64);
  return inflateRawSync(packed, { chunkSize, maxOutputLength: Math.max(uncompressedSize, 1) });
}

/** What the library, the packing or the disk says of a bad zip, in one kind of error. */
async function worded<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof FeedError) throw error;
    throw new FeedError(
      `it cannot be read as a zip: ${error instanceof Error ? error.message : String(error)}`,
      {
        cause: error,
      },
    );
  }
}

/** The library's way to the bytes. */
class Reader extends yauzl.RandomAccessReader {
  readonly #windows: FileWindows;

  constructor(windows: FileWindows) {
    super();
    this.#windows = windows;
  }

  override read(
    buffer: Buffer,
    offset: number,
    length: number,
    position: number,
    callback: (error: Error | null) => void,
  ): void {
    let fault: Error | null = null;
    try {
      this.#windows.bytes(position, length).copy(buffer, offset);
    } catch (error) {
      fault = error instanceof Error ? error : new Error(String(error));
    }
    // Later: the library calls itself again from within.
    queueMicrotask(() => callback(fault));
  }

  /** Entries are read by `bytes`; a stream is never asked for. */
  override _readStreamForRange(start: number, end: number): PassThrough {
    const stream = new PassThrough();
    stream.end(this.#windows.bytes(start, end - start));
    return stream;
  }

  override close(callback: (error: Error | null) => void): void {
    callback(null);
  }
}
