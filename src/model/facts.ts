import type { ArtifactDigests } from './digest.ts';
import { type CarriedEvidence, type EvidenceOutcome, type EvidenceSet, NO_EVIDENCE } from './evidence.ts';
import type { Finding } from './finding.ts';

/** What we remember of one file, from our own sightings and admissions. Times in milliseconds since 1970. */
export interface FileFacts {
  /** When we first saw a file of this name in the index, whatever bytes it had then. */
  readonly firstSeen: number | null;
  /** When we last saw the index without it, before `firstSeen`, or with other bytes under its name, since then. */
  readonly lastAbsent: number | null;
  /** The latest publication time that was ever claimed for it. */
  readonly claimedAt: number | null;
  /** The digests first admitted for this name, version and file; pinned for ever. */
  readonly first: ArtifactDigests | null;
  /** What the bytes of the first inspected artifact showed; null where none was inspected. */
  readonly findings: readonly Finding[] | null;
  /** sha256 of the METADATA inside the inspected wheel, or of an npm tarball's manifest (`installManifestOf`); null where there is none. */
  readonly metadata: string | null;
  /** The licence that the inspected bytes declare, see `readLicence`; null where they declare none, or none were inspected. */
  readonly licence: string | null;
  /**
   * What an install of the inspected bytes pulls in: canonical names of their own ecosystem, sorted by UTF-16 code units, each once; null
   * where none were inspected, or they could not be read so far.
   */
  readonly dependencies: readonly string[] | null;
  /** Where the inspected bytes land when they are installed (verify/verify.ts, `Inspection.places`); null where none were inspected. */
  readonly places: readonly string[] | null;
  /** Evidence that an index at any time claimed for it. */
  readonly claimed: EvidenceSet;
  /** Evidence with which it was admitted; null where it was not, or under no policy that asked for any. */
  readonly carried: CarriedEvidence | null;
  /** What its evidence came to when it was last looked at; null where it was not. */
  readonly evidence: EvidenceOutcome | null;
}

/** A file of which we know nothing yet. */
export const NO_FACTS: FileFacts = {
  firstSeen: null,
  lastAbsent: null,
  claimedAt: null,
  first: null,
  findings: null,
  metadata: null,
  licence: null,
  dependencies: null,
  places: null,
  claimed: NO_EVIDENCE,
  carried: null,
  evidence: null,
};

/** The facts of one package: filename → facts. A plain record with a null prototype or a Map's entries. */
export type PackageFacts = ReadonlyMap<string, FileFacts>;
