import type { PackageId } from '../model/artifact.ts';
import type { ArtifactDigests, Digest } from '../model/digest.ts';
import type { EvidenceKind } from '../model/evidence.ts';

/** An artifact in the vault. `chunks` is the sha256 of its table of chunk digests. */
export interface Stored extends ArtifactDigests {
  readonly size: number;
  readonly chunks: Digest;
}

/** A document of evidence that is kept for an artifact. */
export interface EvidenceRef {
  /** sha256 or sha512 of the artifact that it is about. */
  readonly artifact: Digest;
  readonly kind: EvidenceKind;
  /** sha256 of the document. */
  readonly document: Digest;
}

/**
 * Evidence by its own digest, found by package and artifact. It is what an auditor needs years later: it is never
 * evicted. Written by the firewall for what it used, and by `attest import` beside a running firewall.
 */
export interface EvidenceShelf {
  /** Keeps a document for an artifact of a package; durable when it resolves, and the same again is no news. */
  put(id: PackageId, artifact: Digest, kind: EvidenceKind, bytes: Uint8Array): Promise<EvidenceRef>;
  /** Keeps a document that is about no artifact: what was trusted. As `put`; resolves with its sha256. */
  keep(bytes: Uint8Array): Promise<Digest>;
  /** All that is kept for a package, sorted; at most five seconds older than what another process wrote. */
  of(id: PackageId): Promise<readonly EvidenceRef[]>;
  /** A document, re-hashed; null where it is absent or damaged (a damaged one is moved aside). */
  get(document: Digest): Promise<Uint8Array | null>;
}

/** Bytes by digest. Nothing enters but through quarantine; nothing is read but re-hashed. */
export interface Vault {
  /** Opens a place in quarantine for bytes that are being received. */
  receive(): Promise<Reception>;
  /** An admitted artifact for reading, or null where it is not here. Its chunk table is checked at once. */
  open(stored: Stored): Promise<OpenArtifact | null>;
  has(sha256: Digest): Promise<boolean>;
  /** Documents (index bytes, metadata) by their digest, durable when it resolves. */
  putDocument(bytes: Uint8Array | readonly Uint8Array[]): Promise<Digest>;
  /** Whether a document is here, unread: it may be damaged. Counts as a use, so that it is not evicted next. */
  hasDocument(digest: Digest): Promise<boolean>;
  /** A document, re-hashed; null where it is absent or damaged (a damaged one is removed). */
  getDocument(digest: Digest): Promise<Uint8Array | null>;
  readonly evidence: EvidenceShelf;
  /**
   * Bytes on disk: artifacts, documents and evidence; of evidence that another process puts on the shelf only from
   * the next start on.
   */
  usage(): Promise<{ readonly bytes: number; readonly files: number }>;
  /**
   * Removes least recently used files until `usage` is within `maxBytes`; never one for which `keep` says true, and
   * never evidence, which takes its room all the same.
   */
  evict(maxBytes: number, keep: (sha256: Digest) => boolean): Promise<{ readonly removed: number }>;
  /** Re-hashes everything; damaged files are moved to `damaged/`. */
  fsck(): Promise<{ readonly checked: number; readonly damaged: readonly string[] }>;
  close(): Promise<void>;
}

/** Bytes on their way into quarantine. Exactly one of `finish` and `discard` ends it. */
export interface Reception {
  /**
   * Hashes and writes one piece; resolves when it may be followed by another. Quarantine is bounded: where the
   * piece does not fit, this rejects with an ENOSPC like a full disk, and the reception has ended.
   */
  write(chunk: Uint8Array): Promise<void>;
  /** All bytes are here: hashed, complete, not yet admitted, not yet durable. */
  finish(): Promise<Held>;
  discard(): Promise<void>;
}

/** A whole file in quarantine, with its own digests. Exactly one of `commit` and `discard` ends it. */
export interface Held extends ArtifactDigests {
  readonly size: number;
  readonly chunks: Digest;
  /** File in quarantine, for the thread that inspects it. */
  readonly path: string;
  /** Makes it durable under its digest. Two commits of the same bytes are one file. */
  commit(): Promise<Stored>;
  discard(): Promise<void>;
}

/** An artifact being read. Each piece was hashed and compared before it is yielded. */
export interface OpenArtifact {
  readonly size: number;
  /** Bytes `start` (inclusive) to `end` (exclusive), in pieces of at most 1 MiB; throws VaultDamaged. */
  read(start: number, end: number): AsyncIterable<Uint8Array>;
  close(): Promise<void>;
}

/** What is on disk is not what was admitted. Nothing of the damaged piece was yielded. */
export class VaultDamaged extends Error {
  override readonly name = 'VaultDamaged';
}
