import { createHash, type Hash } from 'node:crypto';
import { type Digest, sha256 } from '../model/digest.ts';

/** Bytes of one chunk's digest in a chunk table. */
export const CHUNK_DIGEST = 32;

export interface Hashed {
  readonly sha256: Digest;
  readonly sha512: Digest;
  readonly size: number;
  /** The SHA-256 of every chunk, in order, end to end. */
  readonly table: Uint8Array;
  /** The sha256 of `table`. */
  readonly chunks: Digest;
}

/** Hashes a stream of bytes: as a whole with both algorithms, and each chunk of `chunkSize` bytes. */
export class ChunkHasher {
  readonly #chunkSize: number;
  readonly #sha256 = createHash('sha256');
  readonly #sha512 = createHash('sha512');
  readonly #table: Uint8Array[] = [];
  #chunk: Hash = createHash('sha256');
  #inChunk = 0;
  #size = 0;

  constructor(chunkSize: number) {
    this.#chunkSize = chunkSize;
  }

  get size(): number {
    return this.#size;
  }

  update(bytes: Uint8Array): void {
    this.#sha256.update(bytes);
    this.#sha512.update(bytes);
    this.#size += bytes.length;
    for (let at = 0; at < bytes.length; ) {
      const part = bytes.subarray(at, at + this.#chunkSize - this.#inChunk);
      this.#chunk.update(part);
      this.#inChunk += part.length;
      at += part.length;
      if (this.#inChunk === this.#chunkSize) this.#endChunk();
    }
  }

  finish(): Hashed {
    if (this.#inChunk > 0) this.#endChunk();
    const table = Buffer.concat(this.#table);
    return {
      sha256: `sha256:${this.#sha256.digest('hex')}`,
      sha512: `sha512:${this.#sha512.digest('hex')}`,
      size: this.#size,
      table,
      chunks: sha256(table),
    };
  }

  #endChunk(): void {
    this.#table.push(this.#chunk.digest());
    this.#chunk = createHash('sha256');
    this.#inChunk = 0;
  }
}
