import type { Memory } from '../ledger/ledger.ts';
import type { PackageId } from '../model/artifact.ts';
import { type Digest, sha256 } from '../model/digest.ts';

/** A package's facts as bytes, and their digest: part of every cache key and entity tag (promise 5). */
export interface FactsBytes {
  readonly bytes: Uint8Array;
  readonly digest: Digest;
}

/** What a kept package costs beside its facts, bytes: about. */
const OVERHEAD = 1_024;

interface Kept {
  readonly read: Promise<FactsBytes>;
  /** 0 while it is being read. */
  bytes: number;
}

/**
 * Facts of packages that were asked for lately; least recently used first out, while they take more than
 * `capacity` bytes. All of our writes to the ledger's memory for a package are followed by `forget`, and those
 * that may touch files of others by `clear`; nothing else changes them.
 */
export class FactsCache {
  readonly #memory: Pick<Memory, 'packageFacts'>;
  readonly #capacity: number;
  readonly #kept = new Map<string, Kept>();
  #bytes = 0;

  constructor(memory: Pick<Memory, 'packageFacts'>, capacity = 64 * 1024 ** 2) {
    this.#memory = memory;
    this.#capacity = capacity;
  }

  /** Rejects as `packageFacts` does; what could not be read is not kept. */
  of(id: PackageId): Promise<FactsBytes> {
    const key = keyOf(id);
    const kept = this.#kept.get(key) ?? this.#read(key, id);
    this.#kept.delete(key);
    this.#kept.set(key, kept);
    return kept.read;
  }

  forget(id: PackageId): void {
    this.#drop(keyOf(id));
  }

  clear(): void {
    this.#kept.clear();
    this.#bytes = 0;
  }

  #read(key: string, id: PackageId): Kept {
    const read = this.#memory
      .packageFacts(id)
      .then((bytes) => ({ bytes: shared(bytes), digest: sha256(bytes) }));
    const kept: Kept = { read, bytes: 0 };
    read.then(
      ({ bytes }) => {
        // Forgotten meanwhile: whoever waits for it gets it, and nobody else.
        if (this.#kept.get(key) !== kept) return;
        kept.bytes = bytes.byteLength + OVERHEAD;
        this.#bytes += kept.bytes;
        this.#bound();
      },
      () => {
        if (this.#kept.get(key) === kept) this.#drop(key);
      },
    );
    return kept;
  }

  #bound(): void {
    for (const oldest of this.#kept.keys()) {
      if (this.#bytes <= this.#capacity) break;
      this.#drop(oldest);
    }
  }

  #drop(key: string): void {
    this.#bytes -= this.#kept.get(key)?.bytes ?? 0;
    this.#kept.delete(key);
  }
}

function keyOf({ ecosystem, name }: PackageId): string {
  return `${ecosystem}\n${name}`;
}

/** Bytes that threads read where they are: those of a large index are megabytes, and every page asks for them. */
function shared(bytes: Uint8Array): Uint8Array {
  const copy = new Uint8Array(new SharedArrayBuffer(bytes.byteLength));
  copy.set(bytes);
  return copy;
}
