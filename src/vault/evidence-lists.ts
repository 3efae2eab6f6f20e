import type { PackageId } from '../model/artifact.ts';
import type { EvidenceRef } from './vault.ts';

/** How long a list is used after its reading began, ms: another process may put evidence on the shelf. */
const FRESH = 5_000;

/** References that are kept at one time; a package counts as one more. */
const CAPACITY = 100_000;

interface List {
  /** performance.now() when its reading began. */
  readonly began: number;
  readonly refs: Promise<readonly EvidenceRef[]>;
  size: number;
}

/** The lists of references that were asked for lately; least recently used first out, within a bound. */
export class EvidenceLists {
  readonly #read: (id: PackageId) => Promise<readonly EvidenceRef[]>;
  readonly #lists = new Map<string, List>();
  readonly #capacity: number;
  #size = 0;

  constructor(read: (id: PackageId) => Promise<readonly EvidenceRef[]>, capacity = CAPACITY) {
    this.#read = read;
    this.#capacity = capacity;
  }

  /** Rejects as reading does; what could not be read is not kept. */
  of(id: PackageId): Promise<readonly EvidenceRef[]> {
    const key = keyOf(id);
    const kept = this.#lists.get(key);
    const list = kept && performance.now() - kept.began < FRESH ? kept : this.#begin(key, id);
    this.#lists.delete(key);
    this.#lists.set(key, list);
    return list.refs;
  }

  /** Something was written: who asks from now on gets what is there then, not what is being read now. */
  forget(id: PackageId): void {
    this.#drop(keyOf(id));
  }

  #begin(key: string, id: PackageId): List {
    this.#drop(key);
    const list: List = { began: performance.now(), refs: this.#read(id), size: 1 };
    this.#size += list.size;
    list.refs.then(
      (refs) => {
        if (this.#lists.get(key) !== list) return;
        list.size += refs.length;
        this.#size += refs.length;
        this.#bound();
      },
      () => {
        if (this.#lists.get(key) === list) this.#drop(key);
      },
    );
    return list;
  }

  #bound(): void {
    for (const oldest of this.#lists.keys()) {
      if (this.#size <= this.#capacity) break;
      this.#drop(oldest);
    }
  }

  #drop(key: string): void {
    this.#size -= this.#lists.get(key)?.size ?? 0;
    this.#lists.delete(key);
  }
}

function keyOf({ ecosystem, name }: PackageId): string {
  return `${ecosystem}\n${name}`;
}
