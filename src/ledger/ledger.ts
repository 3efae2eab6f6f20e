import type { ArtifactId, EcosystemId, PackageId, PackageName } from '../model/artifact.ts';
import type { Bundled } from '../model/bundled.ts';
import type { ArtifactDigests, Digest } from '../model/digest.ts';
import type { CarriedEvidence, EvidenceOutcome } from '../model/evidence.ts';
import type { FileFacts } from '../model/facts.ts';
import type { Finding } from '../model/finding.ts';
import type { TakenPlaces } from '../model/taken-places.ts';

/** A JSON value of RFC 8785's subset that entries use: strings, integers, arrays and objects of them. */
export type EntryValue = string | number | readonly EntryValue[] | { readonly [key: string]: EntryValue };

/** Every type that an entry can have (entry.ts). */
export type EntryType =
  | 'decision'
  | 'served'
  | 'aborted'
  | 'policy'
  | 'admin'
  | 'start'
  | 'stop'
  | 'alarm'
  | 'log'
  | 'tally';

/** An entry before it is written. `type` names its shape (entry.ts); absent facts are left out, never null. */
export interface EntryDraft {
  readonly type: EntryType;
  /** When it was decided, milliseconds since 1970. */
  readonly time: number;
  /** The request that it belongs to, or another id of the caller's; 1 to 128 characters. */
  readonly id: string;
  readonly [field: string]: EntryValue;
}

/** What an append leaves behind: its place in the log (0 is the first) and its RFC 6962 leaf hash (hex). */
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

/** The evidence with which an entry admits a file: becomes part of the package's baseline with the entry. */
export interface CarriedFile extends CarriedEvidence {
  readonly artifact: ArtifactId;
}

/** Looking through the log. Every answer includes all appends that have resolved. */
export interface LedgerQueries {
  /** Entries in log order, oldest first, as they were written. Rejects with LedgerError `malformed`. */
  query(filter: EntryFilter): AsyncIterable<StoredEntry>;
  /**
   * How many entries of a selection there are by a property, the most first, at most `limit` groups. Of a package the key
   * is a purl without a version, of a version one with it, of an artifact `purl#file`; entries that lack the property are
   * one group with key ''. An entry with several codes or rules counts in the group of each. Under a package filter,
   * versions and packages are those that the filter found, also where they are bundled in what was admitted.
   * What is selected by nothing, or by `type`, `verdict`, `route`, `profile`, `code`, `provenance` and `policy` alone, is
   * read from totals; anything else takes about a microsecond for each entry that its best condition finds.
   */
  stats(filter: EntryFilter, by: StatsKey, limit: number): Promise<readonly StatsGroup[]>;
  /** Versions of a package (name or purl, without a version) that entries speak of, bundled ones too, in no order. */
  versionsOf(name: string): Promise<readonly LoggedVersion[]>;
}

/** A difference between the query index and the entries. `what` is in our own words; `seq` null: of no single entry. */
export interface IndexFault {
  readonly seq: number | null;
  readonly what: string;
}

export type StatsKey =
  | 'agent'
  | 'profile'
  | 'package'
  | 'version'
  | 'artifact'
  | 'verdict'
  | 'type'
  | 'code'
  | 'rule'
  | 'policy'
  | 'provenance';

export interface StatsGroup {
  readonly key: string;
  readonly entries: number;
  /** Places of the first and the last of them. */
  readonly first: number;
  readonly last: number;
}

export interface LoggedVersion extends PackageId {
  readonly version: string;
}

/** Append-only, durable, in one order. */
export interface Ledger extends LedgerQueries {
  /**
   * Resolves when the entry is on disk (fdatasync returned). With `first`, also claims these digests for
   * the file; another digest already claimed rejects with LedgerError `conflict` and writes nothing.
   * With `carried`, remembers the evidence in the same transaction: a kind that was carried once stays carried, the
   * first signer stays. A conflict writes nothing of it.
   * An entry that admits a file becomes part of the memory of places in the same transaction (`placesTaken`). Where that knows of
   * others with its places whom the entry does not name, it rejects with LedgerError `taken` and writes nothing.
   * Also rejects with `malformed` (not RFC 8785's subset), `too-large`, and `unavailable`: then nothing was
   * acknowledged, though after a crash or an I/O error the entry may still be found in the log.
   */
  append(draft: EntryDraft, first?: FirstDigest, carried?: CarriedFile): Promise<Receipt>;
  readonly memory: Memory;
  /**
   * `ok`; `failing` when the last write could not be made durable (later ones are tried all the same);
   * `dead` when nothing will be accepted any more until a restart.
   */
  health(): 'ok' | 'failing' | 'dead';
  /** Waits for what is under way and closes the files. */
  close(): Promise<void>;
}

/** The ledger of a running or stopped server, for looking only. */
export interface LedgerReader extends LedgerQueries {
  readonly memory: MemoryReader;
  /**
   * Compares the query index with the entries, of which it is a function: every entry's columns, where packages and waivers
   * are found, and the totals. Each difference is one fault; none is an index that answers what the entries say. While a
   * server appends, only the entries that were there at the beginning are compared one by one.
   */
  indexFaults(): AsyncIterable<IndexFault>;
  close(): Promise<void>;
}

export interface EntryFilter {
  /** The leaf hash of one entry: 64 lower-case hex digits. */
  readonly leaf?: string;
  /** One of these agents, as entries write them. */
  readonly agent?: string | readonly string[];
  /**
   * Canonical name, or a purl; either with or without `@version`. Finds what is bundled in an admitted artifact, too.
   */
  readonly package?: string;
  /** With `package` without a version: one of these, as entries write them. An empty list finds nothing. */
  readonly versions?: readonly string[];
  /** Digest of the artifact's bytes, sha256 or sha512. */
  readonly digest?: Digest;
  readonly verdict?: 'allow' | 'refuse';
  readonly route?: string;
  readonly profile?: string;
  /** A code among the reasons, what was observed or warned of; of an alarm or an act its code. */
  readonly code?: string;
  /** The rule's place in the policy. */
  readonly rule?: string;
  /** Digest of the policy. */
  readonly policy?: string;
  /** The place of a waiver that was used, or the code that it lifted; `*` for any waiver. */
  readonly waiver?: string;
  /** What the check of provenance came to; `absent` also where none was made. Of allow decisions on artifacts. */
  readonly provenance?: 'verified' | 'failed' | 'absent' | 'unchecked';
  readonly type?: EntryDraft['type'];
  /** Milliseconds since 1970, inclusive. */
  readonly since?: number;
  /** Milliseconds since 1970, exclusive. */
  readonly until?: number;
  /** Only entries after this place. */
  readonly after?: number;
  /** Only entries before this place. */
  readonly before?: number;
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

/** What we remember of upstream indexes and files. Every answer includes all writes that have resolved. */
export interface MemoryReader {
  /** The index as we last saw it, or null. */
  lastIndex(id: PackageId): Promise<RememberedIndex | null>;
  /**
   * Facts of every file of a package, as JSON bytes: `[[filename, FileFacts], …]` sorted by filename (UTF-16
   * code units). The same facts are the same bytes.
   */
  packageFacts(id: PackageId): Promise<Uint8Array>;
  fileFacts(id: PackageId, filename: string): Promise<FileFacts>;
  /** The artifact that has a declared digest, if it was ever inspected here. */
  artifactBy(digest: Digest): Promise<KnownArtifact | null>;
  /**
   * Distributions of other names that were admitted in a profile with places of this package before it was admitted with
   * them itself. `places`: what a file takes (model/told-places.ts, `takes`), each name once; null: what all of its files take
   * that were inspected, by place and name. Nothing but entries that admit goes into it.
   */
  placesTaken(profile: string, id: PackageId, places: readonly string[] | null): Promise<TakenPlaces>;
  /** Origins from which a source's files come, in the order in which they were learned. */
  fileOrigins(sourceId: string): Promise<readonly string[]>;
  /** Names of an ecosystem whose index was ever seen, sorted, for search and prefix budgets. */
  knownNames(ecosystem: EcosystemId): Promise<readonly PackageName[]>;
}

/** What we remember, and remembering: our own clock, our own first digests. Rebuildable. */
export interface Memory extends MemoryReader {
  /**
   * Records that an index was seen at `at`: files not known before get `firstSeen = at` and `lastAbsent` = the
   * previous sighting of this index at the same source. Files known but gone are kept. `files` is JSON:
   * `[[filename, claimedAt|null, 'sha256:… sha512:…', evidence], …]`: the declared digests, and the claimed evidence
   * as a sum (1 registry signature, 2 provenance, left out for 0). A file whose digests change begins its clock anew:
   * its `lastAbsent` is `at`. Its `firstSeen` stays, as does evidence that was once claimed, because others are held to
   * what was there before them. The buffer is handed over and must not be used afterwards. `files` null: the index was confirmed unchanged; rejects with
   * `malformed` where its digest is not the last one.
   */
  sawIndex(index: RememberedIndex, files: Uint8Array | null): Promise<void>;
  /**
   * What the bytes of an artifact showed, and where it lies in the vault; for the file and its digest. `changed`:
   * it is not what was known of these bytes, so that facts of other files that have them changed, too.
   */
  inspected(file: InspectedFile): Promise<{ readonly changed: boolean }>;
  /** What the evidence of a file came to; replaces what was remembered. Rejects as `append` does. */
  evidenced(artifact: ArtifactId, outcome: EvidenceOutcome): Promise<void>;
  learnFileOrigin(sourceId: string, origin: string): Promise<void>;
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
  /** The licence that the bytes declare: see model/licence.ts; null where they declare none. */
  readonly licence: string | null;
  /** What lies in it and is installed with it; null where it was not looked for. */
  readonly bundled: Bundled | null;
  /** As in FileFacts. */
  readonly dependencies: readonly string[] | null;
  readonly places: readonly string[] | null;
}

export interface InspectedFile extends KnownArtifact {
  readonly artifact: ArtifactId;
}

/**
 * `conflict`: another digest is claimed already. `taken`: another name was admitted with a place meanwhile. `unavailable`: nothing was acknowledged. `too-large`, `malformed`:
 * the input is not an entry, a filter or a listing. `locked`: another process has the data folder.
 */
export class LedgerError extends Error {
  override readonly name = 'LedgerError';
  readonly code: 'conflict' | 'taken' | 'unavailable' | 'too-large' | 'malformed' | 'locked';
  constructor(code: LedgerError['code'], message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}
