import type { Advisory, FeedFacts } from '../model/advisory.ts';
import type { EcosystemId, PackageName } from '../model/artifact.ts';
import type { Change } from '../model/change.ts';
import type { PolicyPlace } from '../model/decision.ts';
import type { Digest } from '../model/digest.ts';
import type { Baseline, EvidenceSet, EvidenceVerdict } from '../model/evidence.ts';
import type { FileFacts } from '../model/facts.ts';
import type { ListedFile } from '../model/listing.ts';
import type { TakenPlaces } from '../model/taken-places.ts';
import type { Verdict } from '../model/verdict.ts';
import type { PatternMap } from './patterns.ts';
import type { Profile } from './profile.ts';

/** One policy file as it was read. `path` is relative to the allowlists folder. */
export interface PolicySource {
  readonly path: string;
  readonly text: string;
}

/** A policy cannot be loaded. Every problem names file, line and column. */
export class PolicyError extends Error {
  override readonly name = 'PolicyError';
  readonly problems: readonly PolicyProblem[];
  constructor(problems: readonly PolicyProblem[]) {
    // One line each: in a log, a second one is another message, whoever chose the file's name.
    const lines = problems.map((p) => `${p.path}:${p.line}:${p.column}: ${p.message}`);
    super(lines.map((line) => line.replaceAll('\n', '\\n')).join('\n'));
    this.problems = problems;
  }
}

export interface PolicyProblem {
  readonly path: string;
  readonly line: number;
  readonly column: number;
  readonly message: string;
}

export type { Mode } from './profile.ts';

/** What is asked of the policy: a name, a listed file, or a downloaded one. Facts only; no clock. */
export type Question = NameQuestion | ListingQuestion | DownloadQuestion;

/** By name alone, before any contact with an upstream. */
export interface NameQuestion {
  readonly stage: 'name';
  readonly ecosystem: EcosystemId;
  readonly name: PackageName;
  /** Milliseconds since 1970. */
  readonly now: number;
}

/** By what the index claims and what we remember. */
export interface ListingQuestion {
  readonly stage: 'listing';
  readonly ecosystem: EcosystemId;
  readonly name: PackageName;
  readonly file: ListedFile;
  readonly quarantined: boolean;
  readonly facts: FileFacts;
  /** Evidence for the file's declared digests that is kept here, whatever the index claims. */
  readonly held: EvidenceSet;
  /** What earlier versions carried. */
  readonly baseline: Baseline;
  /** Versions above this one that were admitted before. */
  readonly above: HigherAdmitted;
  /** What is new in it beside the version that was admitted before. */
  readonly change: Change;
  /** What it takes of what others were admitted with before it. */
  readonly taken: TakenPlaces;
  /** null where there is no feed of advisories. */
  readonly feed: FeedFacts | null;
  /** What the feed has on this version. */
  readonly advisories: readonly Advisory[];
  /** Milliseconds since 1970. */
  readonly now: number;
}

/** The highest stable version above the one in question that was admitted: of its major line, and of all. */
export interface HigherAdmitted {
  readonly line: string | null;
  readonly any: string | null;
}

/** By all of that and the verdicts on the bytes. A check that is missing from `verdicts` counts as `unchecked`. */
export interface DownloadQuestion extends Omit<ListingQuestion, 'stage'> {
  readonly stage: 'download';
  readonly sha256: Digest;
  readonly sha512: Digest;
  readonly verdicts: readonly Verdict[];
  /** One for each kind of evidence that `evidenceAsked` names. A kind that is missing counts as `unchecked`. */
  readonly evidence: readonly EvidenceVerdict[];
}

export interface NamedUpstream {
  readonly upstream: string;
  readonly place: PolicyPlace;
}

/** A policy that was read whole. Its digest is in every decision's record. */
export interface Policy {
  /** sha256 over the paths and texts of its files, sorted by path. */
  readonly digest: Digest;
  readonly profiles: ReadonlyMap<string, Profile>;
  /** Names that come from a private upstream, by its id in the configuration; of all profiles together. */
  readonly upstreams: ReadonlyMap<EcosystemId, PatternMap<NamedUpstream>>;
  /** Sorted by path. */
  readonly sources: readonly PolicySource[];
}
