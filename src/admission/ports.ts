import type { Ecosystem } from '../ecosystems/ecosystem.ts';
import type { Advisories } from '../feeds/feeds.ts';
import type { AlarmInput } from '../ledger/entry.ts';
import type { AlarmKind } from '../ledger/entry-codes.ts';
import type { Ledger } from '../ledger/ledger.ts';
import type { PackageAdvisories } from '../model/advisory.ts';
import type { PackageId } from '../model/artifact.ts';
import type { Digest } from '../model/digest.ts';
import type { Baseline, EvidenceJob, EvidenceName, EvidenceVerdict } from '../model/evidence.ts';
import type { ListedFile } from '../model/listing.ts';
import type { ReasonCode } from '../model/reason-codes.ts';
import type { TakenPlaces } from '../model/taken-places.ts';
import type { AdmittedBefore } from '../policy/judge/admitted-files.ts';
import type { HigherAdmitted, Policy } from '../policy/policy.ts';
import type { Source, Upstream } from '../upstream/upstream.ts';
import type { Vault } from '../vault/vault.ts';
import type { TrustBytes } from '../verify/trust.ts';
import type { Expected, Inspection } from '../verify/verify.ts';
import type { ContentEncoding } from './admission.ts';

/** All that admission may touch, handed in by the composition root. */
export interface Ports {
  /** Milliseconds since 1970. */
  now(): number;
  /** The policy in force. Never changes in place: a reload gives another value. */
  policy(): Policy;
  readonly ecosystems: readonly Ecosystem[];
  readonly desk: IndexDesk;
  readonly upstream: Upstream;
  /** Where a name comes from; each name has exactly one source. */
  source(id: PackageId): Source;
  /**
   * A file from this address was verified: its origin may become the source's file origin, if there is none yet.
   */
  verifiedFrom(source: Source, url: string): Promise<void>;
  readonly vault: Vault;
  readonly ledger: Ledger;
  /** Inspects a file in quarantine, off the event loop. Rejects only where the thread itself failed. */
  inspect(path: string, expected: Expected): Promise<Inspection>;
  readonly evidence: EvidenceChecker;
  readonly advisories: Advisories;
  readonly limits: AdmissionLimits;
  /** Aborts when the house closes: a download that nobody waits for any more must not keep it open. */
  readonly closing: AbortSignal;
  /** Metric and log of an event that someone should look at; the ledger entry is made by admission. */
  alarm(kind: AlarmKind, about: Omit<AlarmInput, 'id' | 'time' | 'code'>): void;
  /** A fault on the way: for the log. */
  fault(error: unknown, context: Readonly<Record<string, string>>): void;
}

/** Where evidence is verified: threads that hold the trust root. */
export interface EvidenceChecker {
  /** Digest of the trust root and keys in force. */
  trust(): Digest;
  /** The registry's public keys in force, as the npm route serves them. */
  npmKeys(): Uint8Array;
  /**
   * Verifies one document, off the event loop, under the trust whose digest is given with the verdict. Rejects only
   * where the thread itself failed or was too slow: then nothing is known.
   */
  check(job: EvidenceJob): Promise<{ readonly verdict: EvidenceVerdict; readonly trust: Digest }>;
}

/** The ecosystem of a package. Throws where it is none of ours: nothing may be asked for in its name. */
export function ecosystemOf({ ecosystems }: Pick<Ports, 'ecosystems'>, id: PackageId): Ecosystem {
  const ecosystem = ecosystems.find((one) => one.id === id.ecosystem);
  if (!ecosystem) throw new Error(`no ecosystem ${id.ecosystem}`);
  return ecosystem;
}

export interface AdmissionLimits {
  /** How long an index is taken as current without asking the upstream, ms. */
  readonly indexTtl: number;
  /** How old an index may be when the upstream cannot be reached, ms; then exact pins only. */
  readonly maxIndexAge: number;
  /** Bytes of one artifact. */
  readonly maxFile: number;
  /** New names under prefix rules, per agent and day. */
  readonly prefixBudget: number;
  /** Bytes of finished, compressed pages kept in memory. */
  readonly pageCache: number;
}

/** An index that the desk is to look at. */
export interface IndexRef extends PackageId {
  readonly digest: Digest;
}

/** What admission needs to know of an index beside its pages. */
export interface OpenedIndex {
  readonly digest: Digest;
  /** JSON bytes `[[filename, claimedAt|null, digests, evidence], …]`, for the ledger's memory. */
  readonly files: Uint8Array;
}

/** The index is withdrawn or too old: exact pins are served from it, and nothing else. */
export type Withheld = Extract<ReasonCode, 'WITHDRAWN_UPSTREAM' | 'INDEX_TOO_OLD'>;

/** Digests (sha256 or sha512) of artifacts of which evidence is kept here, by kind, sorted. */
export type HeldEvidence = Readonly<Record<EvidenceName, readonly Digest[]>>;

export interface PageRequest extends IndexRef {
  readonly policy: Digest;
  readonly profile: string;
  /** JSON bytes as Memory.packageFacts gives them. */
  readonly facts: Uint8Array;
  readonly now: number;
  /** Why only exact pins may be served; null where that is not so. */
  readonly withheld: Withheld | null;
  /** Digests of artifacts of which evidence is kept here. */
  readonly held: HeldEvidence;
  /** As in ListingBasis. */
  readonly taken: TakenPlaces;
  /** What the feed has on the package. */
  readonly advisories: PackageAdvisories;
  readonly representation: string;
  readonly base: string;
  readonly encoding: ContentEncoding;
}

/** A file that is left out of a page for what earlier versions carried. */
export interface Downgraded {
  readonly filename: string;
  readonly version: string;
  readonly code: Extract<ReasonCode, 'EVIDENCE_DOWNGRADE' | 'SIGNER_CHANGED'>;
}

export interface Page {
  readonly status: number;
  readonly contentType: string;
  readonly body: Uint8Array;
  readonly code: ReasonCode | null;
  /** Files that may be served, of how many. */
  readonly admitted: number;
  readonly files: number;
  /** Files that have another digest than when they were first admitted. */
  readonly changed: readonly { readonly filename: string; readonly version: string }[];
  /** The last file that appeared while we looked on and shows less than earlier versions, or another signer. */
  readonly downgraded: Downgraded | null;
  /** The earliest instant at which the page can change by itself. */
  readonly until: number | null;
}

export interface VersionsRequest extends Omit<PageRequest, 'representation' | 'base' | 'encoding'> {}

/** The desk does not hold this listing: open it again. */
export class NotOpen extends Error {
  override readonly name = 'NotOpen';
}

/**
 * Where indexes are read, decided on and written: pure work on large documents, done by threads. It keeps
 * the listings that it opened last; NotOpen says that one must be opened again.
 */
export interface IndexDesk {
  /** Reads an index. Rejects with IndexUnreadable. The pieces are given away (transferred). */
  open(id: PackageId, chunks: Uint8Array[]): Promise<OpenedIndex>;
  /**
   * One file of an index, by its exact name, whether the index as a whole is quarantined, and what earlier
   * versions carried. `manifest`: what the index says of its install (`withClaims`). `facts` as Memory.packageFacts gives them, with their digest.
   */
  file(
    ref: IndexRef,
    filename: string,
    facts: { readonly bytes: Uint8Array; readonly digest: Digest },
  ): Promise<{
    readonly file: ListedFile | null;
    readonly manifest: string | null;
    readonly quarantined: boolean;
    readonly baseline: Baseline;
    readonly above: HigherAdmitted;
    readonly before: AdmittedBefore | null;
  }>;
  page(request: PageRequest): Promise<Page>;
  /**
   * `admitted`: the versions of which at least one file may be served, newest first; `known`: every version that
   * the index has.
   */
  versions(
    request: VersionsRequest,
  ): Promise<{ readonly admitted: readonly string[]; readonly known: readonly string[] }>;
  /** Takes a policy into use; pages for an earlier one are refused afterwards. */
  setPolicy(policy: Policy): Promise<void>;
  /** Takes a trust root and keys into use, for the signatures that pages pass on. */
  setTrust(trust: TrustBytes): Promise<void>;
  close(): Promise<void>;
}
