import { hash, webcrypto } from 'node:crypto';
import type { FileHandle } from 'node:fs/promises';
import { CHUNK_DIGEST } from './chunks.ts';
import { type OpenArtifact, VaultDamaged } from './vault.ts';

/** From this many bytes on a chunk is hashed in the thread pool: less costs more to hand over than to hash. */
const LARGE = 128 * 1024;

/**
 * An artifact that is read through one descriptor: the file may be evicted meanwhile. Every chunk is read
 * whole, hashed, and compared with the table before a byte of it is given away, for ranges too.
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
    if (
      !Number.isSafeInteger(start) ||
      !Number.isSafeInteger(end) ||
      start < 0 ||
      end < start ||
      end > this.size
    ) {
      throw new RangeError('range outside the artifact');
    }
    for (let at = start; at < end; ) {
      const number = Math.floor(at / this.#chunkSize);
      const from = number * this.#chunkSize;
      const chunk = await this.#chunk(number, from);
      const until = Math.min(end, from + chunk.length);
      yield chunk.subarray(at - from, until - from);
      at = until;
    }
  }

  async close(): Promise<void> {
    await this.#file.close();
  }

  async #chunk(number: number, from: number): Promise<Uint8Array> {
    const length = Math.min(this.#chunkSize, this.size - from);
    const chunk = Buffer.allocUnsafe(length);
    let filled = 0;
    while (filled < length) {
      const { bytesRead } = await this.#file.read(chunk, filled, length - filled, from + filled);
      if (bytesRead === 0) break;
      filled += bytesRead;
    }
    const told = this.#table.subarray(number * CHUNK_DIGEST, (number + 1) * CHUNK_DIGEST);
    const digest = await digestOf(chunk);
    if (filled < length || !digest.equals(told)) {
      const cause = await this.#onDamage().catch((error: unknown) => error);
      throw new VaultDamaged('a chunk of an artifact is not what was admitted', { cause });
    }
    return chunk;
  }
}

async function digestOf(chunk: Buffer<ArrayBuffer>): Promise<Buffer> {
  if (chunk.length < LARGE) return hash('sha256', chunk, 'buffer');
  return Buffer.from(await webcrypto.subtle.digest('SHA-256', chunk));
}
