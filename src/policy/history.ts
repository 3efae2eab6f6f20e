import type { ArtifactKind } from '../model/artifact.ts';
import { type Baseline, type CarriedEvidence, type EvidenceSet, NO_BASELINE } from '../model/evidence.ts';
import type { VersionScheme } from '../model/versions.ts';

/** One file that an index ever listed, as far as the baseline of others needs it. */
export interface HistoricFile {
  readonly filename: string;
  readonly version: string;
  readonly kind: ArtifactKind;
  readonly firstSeen: number | null;
  readonly claimed: EvidenceSet;
  readonly carried: CarriedEvidence | null;
}

/**
 * What the files of one package carried, by major line. Made once per state of our memory (from every file of
 * PackageFacts), asked for each file.
 */
export class EvidenceHistory {
  constructor(_scheme: VersionScheme, _files: Iterable<HistoricFile>) {}

  /** What `file` is held to under `no-downgrade`. */
  baseline(_file: Pick<HistoricFile, 'filename' | 'version' | 'kind' | 'firstSeen'>): Baseline {
    return NO_BASELINE;
  }
}
