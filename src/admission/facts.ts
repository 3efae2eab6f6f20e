import type { Memory } from '../ledger/ledger.ts';
import type { PackageId } from '../model/artifact.ts';
import { type Digest, sha256 } from '../model/digest.ts';

/** A package's facts as bytes, and their digest: part of every cache key and entity tag (promise 5). */
export interface FactsBytes {
  readonly bytes: Uint8Array;
  readonly digest: Digest;
}

/**
 * Facts of packages that were asked for lately. All of our writes to the ledger's memory for a package are
 * followed by `forget`; nothing else changes them.
 */
export class FactsCache {
  readonly #memory: Memory;
  readonly #kept = new Map<string, Promise<FactsBytes>>();
  readonly #capacity: number;

  constructor(memory: Memory, capacity = 2_000) {
    this.#memory = memory;
    this.#capacity = capacity;
  }

  of(id: PackageId): Promise<FactsBytes> {
    const key = `${id.ecosystem}\n${id.name}`;
    const kept = this.#kept.get(key);
    if (kept) return kept;
    const read = this.#memory
      .packageFacts(id)
      .then((bytes) => ({ bytes: shared(bytes), digest: sha256(bytes) }));
    // A read that fails is not kept: the next request asks again.
    read.catch(() => {
      if (this.#kept.get(key) === read) this.#kept.delete(key);
    });
    this.#kept.set(key, read);
    if (this.#kept.size > this.#capacity) {
      for (const oldest of this.#kept.keys()) {
        this.#kept.delete(oldest);
        break;
      }
    }
    return read;
  }

  forget(id: PackageId): void {
    this.#kept.delete(`${id.ecosystem}\n${id.name}`);
  }
}

/** Bytes that threads read where they are: those of a large index are megabytes, and every page asks for them. */
function shared(bytes: Uint8Array): Uint8Array {
  const copy = new Uint8Array(new SharedArrayBuffer(bytes.byteLength));
  copy.set(bytes);
  return copy;
}
