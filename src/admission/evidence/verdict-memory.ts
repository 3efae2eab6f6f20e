import type { Digest } from '../../model/digest.ts';
import { EVIDENCE_KINDS, type EvidenceJob, type EvidenceVerdict } from '../../model/evidence.ts';

const MAX = 20_000;

/** What a verdict is of. */
export interface Checked {
  readonly job: Omit<EvidenceJob, 'bytes'>;
  /** sha256 of the document. */
  readonly document: Digest;
  readonly trust: Digest;
  /** Milliseconds since 1970. */
  readonly now: number;
}

/**
 * Verdicts by document, artifact and trust root: never decisions, which differ by policy. All that a check looks at
 * is in the key. Only `verified` is kept: what failed may be well the next time.
 */
export class VerdictMemory {
  readonly #kept = new Map<string, EvidenceVerdict>();

  get(checked: Checked): EvidenceVerdict | null {
    const key = keyOf(checked);
    const verdict = this.#kept.get(key);
    if (!verdict) return null;
    this.#kept.delete(key);
    this.#kept.set(key, verdict);
    return verdict;
  }

  put(checked: Checked, verdict: EvidenceVerdict): void {
    if (verdict.result !== 'verified') return;
    this.#kept.set(keyOf(checked), verdict);
    for (const oldest of this.#kept.keys()) {
      if (this.#kept.size <= MAX) break;
      this.#kept.delete(oldest);
    }
  }
}

function keyOf({ job, document, trust, now }: Checked): string {
  const { artifact, kind, claimedAt, neverAbsent } = job;
  const { ecosystem, name, version, filename, sha256, sha512 } = artifact;
  const key = [trust, document, kind, sha256, sha512, ecosystem, name, version, filename];
  // The log says when provenance was signed. A registry's key ends by our clock, on a whole second.
  if (EVIDENCE_KINDS[kind] === 'provenance') return key.join('\n');
  return [...key, claimedAt, neverAbsent, Math.floor(now / 1_000)].join('\n');
}
