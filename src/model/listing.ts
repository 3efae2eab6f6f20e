import type { ArtifactKind, EcosystemId, PackageName } from './artifact.ts';
import type { Digest } from './digest.ts';
import type { ListedEvidence } from './evidence.ts';

/** One file as the upstream's index describes it. Everything here is a claim until the bytes are checked. */
export interface ListedFile {
  readonly filename: string;
  readonly version: string;
  readonly kind: ArtifactKind;
  /** Absolute address as the index gave it; only `upstream` may follow it. */
  readonly url: string;
  /** sha256 and sha512 only; empty where the index declares neither. */
  readonly digests: readonly Digest[];
  /** Bytes, where the index says (PEP 700). */
  readonly size: number | null;
  /** Claimed time of publication, milliseconds since 1970; null where absent or unreadable. */
  readonly claimedAt: number | null;
  /** PEP 592. */
  readonly yanked: boolean;
  /**
   * Digest of the `.metadata` document (PEP 658, 714), where declared. Of an npm tarball, where a download is decided: of
   * what its index says of an install, in one form (`installManifestOf`).
   */
  readonly metadataDigest: Digest | null;
  /** The index says that installing runs code of the package (npm: scripts, gypfile). */
  readonly installScripts: boolean;
  /** Dependencies whose spec is an address, a path or a repository instead of a name. */
  readonly directUrls: boolean;
  /** npm: the names behind `npm:` aliases among its dependencies, sorted, each once; absent: there are none. */
  readonly aliases?: readonly PackageName[];
  readonly evidence: ListedEvidence;
  /** What the index says of the licence: see `readLicence`; null where it says nothing. */
  readonly licence: string | null;
}

/**
 * An upstream's index of one package, read strictly into our own nouns. `document` is what the ecosystem
 * needs to write the index anew; no other room looks into it.
 */
export interface Listing<D = unknown> {
  readonly ecosystem: EcosystemId;
  readonly name: PackageName;
  /** sha256 of the index's bytes. */
  readonly digest: Digest;
  /** PEP 792 `quarantined`: every file is refused. */
  readonly quarantined: boolean;
  readonly files: ReadonlyMap<string, ListedFile>;
  readonly document: D;
}
