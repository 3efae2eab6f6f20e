import type { ArtifactDigests } from './digest.ts';
import type { Finding } from './finding.ts';

/** What we remember of one file, from our own sightings and admissions. Times in milliseconds since 1970. */
export interface FileFacts {
  /** When we first saw the file in the index. */
  readonly firstSeen: number | null;
  /** When we last saw the index without it, before `firstSeen`. */
  readonly lastAbsent: number | null;
  /** The latest publication time that was ever claimed for it. */
  readonly claimedAt: number | null;
  /** The digests first admitted for this name, version and file; pinned for ever. */
  readonly first: ArtifactDigests | null;
  /** What the bytes of the first inspected artifact showed; null where none was inspected. */
  readonly findings: readonly Finding[] | null;
  /** sha256 of the METADATA inside the inspected wheel, where there is one. */
  readonly metadata: string | null;
}

/** A file of which we know nothing yet. */
export const NO_FACTS: FileFacts = {
  firstSeen: null,
  lastAbsent: null,
  claimedAt: null,
  first: null,
  findings: null,
  metadata: null,
};

/** The facts of one package: filename → facts. A plain record with a null prototype or a Map's entries. */
export type PackageFacts = ReadonlyMap<string, FileFacts>;
