import type { Ecosystem } from '../ecosystems/ecosystem.ts';
import type { PackageFacts } from '../model/facts.ts';
import type { Listing } from '../model/listing.ts';
import type { EvidenceHistory } from '../policy/history.ts';
import { historyOf, readFacts } from './decide-listing.ts';
import type { FactsBytes } from './facts.ts';

/** What is remembered of a package, read. */
export interface Remembered {
  readonly facts: PackageFacts;
  /** Made when it is first asked. */
  readonly history: Pick<EvidenceHistory, 'baseline'>;
}

/**
 * Facts that were read lately, and the histories made of them, so that downloads of one package read them once.
 * Least recently used first out while their bytes are more than `capacity`; the last one always stays.
 */
export class RememberedFacts {
  readonly #capacity: number;
  readonly #kept = new Map<string, { readonly read: Remembered; readonly bytes: number }>();
  #bytes = 0;

  constructor(capacity = 4 * 1024 ** 2) {
    this.#capacity = capacity;
  }

  /** `facts` as Memory.packageFacts gives them, of the listing's package. */
  of(ecosystem: Ecosystem, listing: Listing, { bytes, digest }: FactsBytes): Remembered {
    const key = `${listing.ecosystem}\n${listing.name}\n${listing.digest}\n${digest}`;
    const kept = this.#kept.get(key);
    if (kept) {
      this.#kept.delete(key);
      this.#kept.set(key, kept);
      return kept.read;
    }
    const facts = readFacts(bytes);
    let made: EvidenceHistory | null = null;
    const history: Remembered['history'] = {
      baseline(file) {
        made ??= historyOf(ecosystem, listing, facts);
        return made.baseline(file);
      },
    };
    const read = { facts, history };
    this.#kept.set(key, { read, bytes: bytes.byteLength });
    this.#bytes += bytes.byteLength;
    for (const [oldest, { bytes: size }] of this.#kept) {
      if (this.#bytes <= this.#capacity || oldest === key) break;
      this.#kept.delete(oldest);
      this.#bytes -= size;
    }
    return read;
  }
}
