import type { Digest } from '../model/digest.ts';
import type { Cause, EvidenceJob } from '../model/evidence.ts';
import type { CheckResult } from '../model/verdict.ts';

/** A document of evidence, and the artifact that it is held to. */
export interface Exhibit extends Omit<EvidenceJob, 'bytes'> {
  /** sha256 of the document. */
  readonly document: Digest;
  /** null where the vault does not have it, or has it damaged. */
  readonly bytes: Uint8Array | null;
  readonly bound: Bound;
  /** What the entry that names it says that it came to, and the digest of what was trusted then, where it says so. */
  readonly before?: { readonly result: CheckResult; readonly cause?: Cause; readonly trust: Digest | null };
  /** That entry refused the file, so that it kept nothing of it. */
  readonly refused?: boolean;
}

/** Whose word the artifact's digests are. */
export const BOUNDS = {
  itself: 'as it says itself',
  ledger: 'as the ledger knows it',
  entry: 'as the entry has it',
  given: 'as it was given',
} as const;
export type Bound = keyof typeof BOUNDS;

/** An exhibit of a file or of the vault, of whose artifact nothing else is known. */
export const NOTHING_SEEN = { claimedAt: null, neverAbsent: false } as const;
