import type { ArtifactId, EcosystemId, PackageId, PackageName } from '../model/artifact.ts';
import type { ArtifactDigests, Digest } from '../model/digest.ts';
import type { FileFacts } from '../model/facts.ts';
import type { Finding } from '../model/finding.ts';

/** A JSON value of RFC 8785's subset that entries use: strings, integers, arrays and objects of them. */
export type EntryValue = string | number | readonly EntryValue[] | { readonly [key: string]: EntryValue };

/** An entry before it is written. `type` names its shape (entry.ts); absent facts are left out, never null. */
export interface EntryDraft {
  readonly type: 'decision' | 'served' | 'aborted' | 'policy' | 'admin' | 'start' | 'stop' | 'alarm';
  readonly [field: string]: EntryValue;
}

/** What an append leaves behind: its place in the log and its RFC 6962 leaf hash (hex). */
export interface Receipt {
  readonly seq: number;
  readonly leaf: string;
}

/** The digests first admitted for a file: claimed in the same transaction as the entry that admits it. */
export interface FirstDigest extends ArtifactDigests {
  readonly artifact: ArtifactId;
  readonly size: number;
  readonly chunks: Digest;
}

/** Append-only, durable, in one order. */
export interface Ledger {
  /**
   * Resolves when the entry is on disk (fdatasync returned). With `first`, also claims these digests for
   * the file; another digest already claimed rejects with LedgerError `conflict` and writes nothing.
   */
  append(draft: EntryDraft, first?: FirstDigest): Promise<Receipt>;
  /** Entries in log order, oldest first, as they were written. */
  query(filter: EntryFilter): AsyncIterable<StoredEntry>;
  readonly memory: Memory;
  /** Waits for what is under way and closes the files. */
  close(): Promise<void>;
}

export interface EntryFilter {
  readonly agent?: string;
  /** Canonical name, or a purl with or without version. */
  readonly package?: string;
  readonly verdict?: 'allow' | 'refuse';
  readonly type?: EntryDraft['type'];
  /** Milliseconds since 1970, inclusive. */
  readonly since?: number;
  /** Milliseconds since 1970, exclusive. */
  readonly until?: number;
  /** Only entries after this place. */
  readonly after?: number;
  readonly limit?: number;
  /** Newest first. */
  readonly reverse?: boolean;
}

export interface StoredEntry {
  readonly seq: number;
  readonly leaf: string;
  /** The exact bytes that are hashed, as text. */
  readonly bytes: string;
}

/** What we remember of upstream indexes and files: our own clock, our own first digests. Rebuildable. */
export interface Memory {
  /** The index as we last saw it, or null. */
  lastIndex(id: PackageId): Promise<RememberedIndex | null>;
  /**
   * Records that an index was seen at `at`: files not known before get `firstSeen = at` and `lastAbsent` = the
   * previous sighting of this index. Files known but gone are kept. `files` is JSON: `[[filename, claimedAt|null], …]`.
   * `files` null: the index was confirmed unchanged.
   */
  sawIndex(index: RememberedIndex, files: Uint8Array | null): Promise<void>;
  /** Facts of every file of a package, as JSON bytes: `[[filename, FileFacts], …]` sorted by filename. */
  packageFacts(id: PackageId): Promise<Uint8Array>;
  fileFacts(id: PackageId, filename: string): Promise<FileFacts>;
  /** What the bytes of an artifact showed, and where it lies in the vault; for the file and its digest. */
  inspected(file: InspectedFile): Promise<void>;
  /** The artifact that has a declared digest, if it was ever inspected here. */
  artifactBy(digest: Digest): Promise<KnownArtifact | null>;
  /** Origins from which a source's files come. */
  fileOrigins(sourceId: string): Promise<readonly string[]>;
  learnFileOrigin(sourceId: string, origin: string): Promise<void>;
  /** Names of an ecosystem whose index was ever seen, for search and prefix budgets. */
  knownNames(ecosystem: EcosystemId): Promise<readonly PackageName[]>;
}

export interface RememberedIndex extends PackageId {
  readonly source: string;
  /** sha256 of the index's bytes; they are a document in the vault. */
  readonly digest: Digest;
  /** When the upstream last confirmed it, milliseconds since 1970. */
  readonly at: number;
  readonly etag: string | null;
  readonly lastModified: string | null;
}

export interface KnownArtifact extends ArtifactDigests {
  readonly size: number;
  readonly chunks: Digest;
  readonly findings: readonly Finding[];
  /** Engine version of the inspection; an older one is inspected anew. */
  readonly engine: string;
  /** sha256 hex of a wheel's METADATA, a document in the vault. */
  readonly metadata: string | null;
}

export interface InspectedFile extends KnownArtifact {
  readonly artifact: ArtifactId;
}

export class LedgerError extends Error {
  override readonly name = 'LedgerError';
  readonly code: 'conflict' | 'unavailable' | 'too-large' | 'locked';
  constructor(code: LedgerError['code'], message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}
