import type { ArtifactId, PackageId } from '../../model/artifact.ts';
import type { Digest } from '../../model/digest.ts';
import type { EvidenceOutcome } from '../../model/evidence.ts';
import type { FileFacts } from '../../model/facts.ts';
import type { TakenPlaces } from '../../model/taken-places.ts';
import type { Selection } from '../filter.ts';
import type {
  CarriedFile,
  FirstDigest,
  IndexFault,
  InspectedFile,
  KnownArtifact,
  LedgerError,
  LoggedVersion,
  RememberedIndex,
  StatsGroup,
  StatsKey,
  StoredEntry,
} from '../ledger.ts';
import type { NewHead } from '../published/log-store.ts';
import type { Head, LogRow } from '../published/published.ts';
import type { IndexPart } from './index-check.ts';
import type { Bounds, Plan } from './plan.ts';

/** An entry in its final form. What is searched for is read from its bytes, like at a rebuild (columns.ts). */
export interface PreparedEntry {
  readonly bytes: string;
  readonly leaf: string;
}

/** What the writer does for the transparency log: `LogStore` with entries in their final form. */
export type LogCalls = {
  logs(): LogRow[];
  sealedHead(log: number, size?: number): Head | null;
  headAt(log: number, size: number): Head | null;
  lastSeq(): number;
  seal(head: NewHead): void;
  openLog(row: LogRow, first: PreparedEntry | null): { readonly seq: number } | null;
  withdraw(log: number, minimum: number, entry: PreparedEntry): { readonly seq: number };
  clearWithdrawn(count: number): number;
};

/** Functions that a thread offers. A LedgerError is an answer: it is thrown before anything is written. */
export type Calls = Record<string, (...args: never[]) => unknown>;

/** What the writer thread does. Everything is durable when the answer comes. */
export type WriterCalls = LogCalls & {
  /** `remembered`: something of `first` or `carried` was news. `placed`: so was a place that the entry admits. */
  append(
    entry: PreparedEntry,
    first: FirstDigest | null,
    carried: CarriedFile | null,
  ): { readonly seq: number; readonly remembered: boolean; readonly placed: boolean };
  sawIndex(index: RememberedIndex, files: Uint8Array | null): void;
  /** `changed`: another inspection of the same bytes was known, and said otherwise. */
  inspected(file: InspectedFile): { readonly changed: boolean };
  evidenced(artifact: ArtifactId, outcome: EvidenceOutcome): void;
  learnFileOrigin(sourceId: string, origin: string): void;
};

export type ReaderCalls = {
  lastIndex(id: PackageId): RememberedIndex | null;
  packageFacts(id: PackageId): Uint8Array;
  fileFacts(id: PackageId, filename: string): FileFacts;
  artifactBy(digest: Digest): KnownArtifact | null;
  fileOrigins(sourceId: string): string[];
  knownNames(ecosystem: string): string[];
  placesTaken(profile: string, id: PackageId, places: readonly string[] | null): TakenPlaces;
} & EntryCalls;

/** Looking through the log. LedgerError `unavailable` where the query index is not whole. */
export type EntryCalls = {
  /** How a selection is looked for; null where nothing can match. */
  plan(selection: Selection): Plan | null;
  /** Some entries of a plan within `left`, at most `limit`, in the order asked for: none is not the end, no `rest` is. */
  page(plan: Plan, left: Bounds, limit: number, reverse: boolean): Page;
  stats(selection: Selection, by: StatsKey, limit: number): Promise<StatsGroup[]>;
  /** Of the package and ecosystem of a selection. */
  versionsOf(selection: Selection): LoggedVersion[];
  /** The highest place that the ledger or its index has; -1 where there is none. */
  lastEntry(): number;
  compareIndex(from: number, to: number): IndexPart;
  indexSurplus(packages: number, marks: number, last?: number): IndexFault[];
};

export interface Page {
  readonly entries: readonly StoredEntry[];
  /** What was not looked at yet. */
  readonly rest: Bounds | null;
}

export interface Request {
  readonly id: number;
  readonly call: string;
  readonly args: readonly unknown[];
}

export interface Fault {
  readonly code: LedgerError['code'];
  readonly message: string;
}

export type Reply =
  | { readonly id: number; readonly value: unknown }
  | { readonly id: number; readonly fault: Fault };

/** The first message of a thread. */
export type Greeting = { readonly ready: true } | { readonly ready: false; readonly fault: Fault };
