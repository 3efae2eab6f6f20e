import type { ArtifactId } from '../model/artifact.ts';
import type { ArtifactDigests } from '../model/digest.ts';
import type { CheckName, Verdict } from '../model/verdict.ts';

/** One document of evidence as its registry served it, with what the index said about it. */
export interface EvidenceDocument {
  /** The exact bytes, or null where the registry has none (404). */
  readonly bytes: Uint8Array | null;
  /** The index claims that the evidence exists: then missing bytes are `failed`, not `absent`. */
  readonly claimed: boolean;
}

/**
 * A check of evidence beyond the digests: the registry's signature, provenance. Pure and without I/O: trusted
 * keys and roots are given when it is made, `now` (ms since 1970) with each call. It answers `verified` only
 * for evidence that it has verified over these digests; bytes that it cannot read are `failed`, an algorithm,
 * key or format that it does not know is `unchecked`. It never throws. A check that is not made has no
 * verdict at all, and policy counts that as `unchecked`.
 */
export interface EvidenceCheck {
  readonly check: Extract<CheckName, 'registry-signature' | 'provenance'>;
  verdict(artifact: ArtifactId & ArtifactDigests, evidence: EvidenceDocument, now: number): Promise<Verdict>;
}
