import { hash, webcrypto } from 'node:crypto';
import type { FileHandle } from 'node:fs/promises';
import { CHUNK_DIGEST } from './chunks.ts';
import { type OpenArtifact, VaultDamaged } from './vault.ts';

/** From this many bytes on a chunk is hashed in the thread pool: less costs more to hand over than to hash. */
const LARGE = 128 * 1024;

/**
 * An artifact that is read through one descriptor: the file may be evicted meanwhile. Every chunk is read
 * whole, hashed, and compared with the table before a byte of it is given away, for ranges too. While one
 * chunk is being sent the next is read and hashed: a reader holds two at most.
 */
export class OpenFile implements OpenArtifact {
  readonly size: number;
  readonly #file: FileHandle;
  readonly #table: Uint8Array;
  readonly #chunkSize: number;
  readonly #onDamage: () => Promise<void>;

  constructor(
    file: FileHandle,
    size: number,
    table: Uint8Array,
    chunkSize: number,
    onDamage: () => Promise<void>,
  ) {
    this.#file = file;
    this.size = size;
    this.#table = table;
    this.#chunkSize = chunkSize;
    this.#onDamage = onDamage;
  }

  async *read(start: number, end: number): AsyncGenerator<Uint8Array, void, undefined> {
    expectRange(start, end, this.size);
    let next: Promise<Uint8Array> | null = null;
    try {
      for (let at = start; at < end; ) {
        const from = at - (at % this.#chunkSize);
        const after = from + this.#chunkSize;
        const chunk: Uint8Array = await (next ?? this.#chunk(from));
        next = after < end ? this.#chunk(after) : null;
        // What it rejects with is thrown where it is waited for; until then it is not an unhandled rejection.
        next?.catch(() => undefined);
        const until = Math.min(end, after);
        yield chunk.subarray(at - from, until - from);
        at = until;
      }
      next = null;
    } finally {
      // Of a reader that was left early too the file is closed only after this, and damage is told.
      await next;
    }
  }

  async close(): Promise<void> {
    await this.#file.close();
  }

  /** The chunk that begins at `from`. */
  async #chunk(from: number): Promise<Uint8Array> {
    const number = from / this.#chunkSize;
    const length = Math.min(this.#chunkSize, this.size - from);
    const chunk = Buffer.allocUnsafe(length);
    const filled = await readFully(this.#file, chunk, from);
    const told = this.#table.subarray(number * CHUNK_DIGEST, (number + 1) * CHUNK_DIGEST);
    const digest = await digestOf(chunk);
    if (filled < length || !digest.equals(told)) {
      const cause = await this.#onDamage().catch((error: unknown) => error);
      throw new VaultDamaged('a chunk of an artifact is not what was admitted', { cause });
    }
    return chunk;
  }
}

/** A small artifact whose bytes are in memory: hashed whole before a byte of it is given away, each time. */
export class OpenBytes implements OpenArtifact {
  readonly size: number;
  readonly #bytes: Buffer<ArrayBuffer>;
  readonly #digest: Buffer;
  readonly #onDamage: () => void;

  /** `digest`: the SHA-256 that the bytes must have. */
  constructor(bytes: Buffer<ArrayBuffer>, digest: Buffer, onDamage: () => void) {
    this.size = bytes.length;
    this.#bytes = bytes;
    this.#digest = digest;
    this.#onDamage = onDamage;
  }

  async *read(start: number, end: number): AsyncGenerator<Uint8Array, void, undefined> {
    expectRange(start, end, this.size);
    if (start === end) return;
    if (!(await digestOf(this.#bytes)).equals(this.#digest)) {
      this.#onDamage();
      throw new VaultDamaged('an artifact in memory is not what was admitted');
    }
    yield this.#bytes.subarray(start, end);
  }

  async close(): Promise<void> {
    // Nothing is open.
  }
}

/** Fills a buffer from a place of a file. Resolves with fewer bytes than it holds where the file ends before. */
export async function readFully(file: FileHandle, into: Buffer, from: number): Promise<number> {
  let filled = 0;
  while (filled < into.length) {
    const { bytesRead } = await file.read(into, filled, into.length - filled, from + filled);
    if (bytesRead === 0) break;
    filled += bytesRead;
  }
  return filled;
}

function expectRange(start: number, end: number, size: number): void {
  const whole = Number.isSafeInteger(start) && Number.isSafeInteger(end);
  if (!whole || start < 0 || end < start || end > size) throw new RangeError('range outside the artifact');
}

/** The SHA-256 of bytes. */
export async function digestOf(chunk: Buffer<ArrayBuffer>): Promise<Buffer> {
  if (chunk.length < LARGE) return hash('sha256', chunk, 'buffer');
  return Buffer.from(await webcrypto.subtle.digest('SHA-256', chunk));
}
