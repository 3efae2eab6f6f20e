import type { Digest } from '../model/digest.ts';

/** An artifact of more bytes is read from disk each time. */
const LARGEST = 256 * 1024;

/** What an entry costs beside its bytes, roughly: its place in the map, and the header of its buffer. */
const OVERHEAD = 512;

/**
 * The bytes of small artifacts that were read lately, least recently used first out, within a bound of bytes.
 * Nothing here is trusted: whoever gives bytes away hashes them before, as if they came from the disk.
 */
export class SmallArtifacts {
  readonly #maxBytes: number;
  readonly #kept = new Map<Digest, Buffer<ArrayBuffer>>();
  #bytes = 0;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /** Whether an artifact of that size is one to be kept here. */
  static isSmall(size: number): boolean {
    return size > 0 && size <= LARGEST;
  }

  /** Its bytes, which counts as a use; null where they are not here. */
  get(sha256: Digest): Buffer<ArrayBuffer> | null {
    const bytes = this.#kept.get(sha256);
    if (!bytes) return null;
    this.#kept.delete(sha256);
    this.#kept.set(sha256, bytes);
    return bytes;
  }

  has(sha256: Digest): boolean {
    return this.#kept.has(sha256);
  }

  /** Takes over a buffer that holds nothing else. */
  put(sha256: Digest, bytes: Buffer<ArrayBuffer>): void {
    this.drop(sha256);
    this.#kept.set(sha256, bytes);
    this.#bytes += bytes.length + OVERHEAD;
    for (const oldest of this.#kept.keys()) {
      if (this.#bytes <= this.#maxBytes) break;
      this.drop(oldest);
    }
  }

  drop(sha256: Digest): void {
    const bytes = this.#kept.get(sha256);
    if (!bytes) return;
    this.#kept.delete(sha256);
    this.#bytes -= bytes.length + OVERHEAD;
  }
}
