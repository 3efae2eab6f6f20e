import type { Ecosystem } from '../ecosystems/ecosystem.ts';
import type { Digest } from '../model/digest.ts';
import type { PackageFacts } from '../model/facts.ts';
import type { Listing } from '../model/listing.ts';
import type { AdmittedFiles } from '../policy/judge/admitted-files.ts';
import type { AdmittedVersions } from '../policy/judge/floor.ts';
import type { EvidenceHistory } from '../policy/judge/history.ts';
import { admittedFilesOf, admittedOf, historyOf, readFacts } from './decide-listing.ts';
import type { FactsBytes } from './facts.ts';
import { allHeldToIndex } from './index-claims.ts';

/** What is remembered of a package, read. */
export interface Remembered {
  readonly facts: PackageFacts;
  /** Made when it is first asked. */
  readonly history: Pick<EvidenceHistory, 'baseline'>;
  /** Made when it is first asked. */
  readonly admitted: Pick<AdmittedVersions, 'above'>;
  /** Made when it is first asked. */
  readonly past: Pick<AdmittedFiles, 'before'>;
}

/**
 * What was read of our memory for each open listing, so that downloads of one package read it once. It goes with its
 * listing: a history is made of the whole index, and must not keep one that the desk has let go of.
 */
export class RememberedFacts {
  readonly #kept = new WeakMap<Listing, { readonly digest: Digest; readonly read: Remembered }>();

  /** `facts` as Memory.packageFacts gives them, of the listing's package. */
  of(ecosystem: Ecosystem, listing: Listing, { bytes, digest }: FactsBytes): Remembered {
    const kept = this.#kept.get(listing);
    if (kept?.digest === digest) return kept.read;
    const facts = allHeldToIndex(ecosystem, listing, readFacts(bytes));
    let made: EvidenceHistory | null = null;
    const history: Remembered['history'] = {
      baseline(file) {
        made ??= historyOf(ecosystem, listing, facts);
        return made.baseline(file);
      },
    };
    let versions: AdmittedVersions | null = null;
    const admitted: Remembered['admitted'] = {
      above(version) {
        versions ??= admittedOf(ecosystem, listing, facts);
        return versions.above(version);
      },
    };
    let earlier: AdmittedFiles | null = null;
    const past: Remembered['past'] = {
      before(version, appeared) {
        earlier ??= admittedFilesOf(ecosystem, listing, facts);
        return earlier.before(version, appeared);
      },
    };
    const read = { facts, history, admitted, past };
    this.#kept.set(listing, { digest, read });
    return read;
  }
}
