import type { Advisory, FeedFacts } from '../model/advisory.ts';
import type { Bundled } from '../model/bundled.ts';
import type { Change } from '../model/change.ts';
import type { EvidenceDetail, Reason, Waived } from '../model/decision.ts';
import type { Digest } from '../model/digest.ts';
import type {
  Baseline,
  EvidenceOutcome,
  EvidenceSet,
  EvidenceVerdict,
  ListedEvidence,
} from '../model/evidence.ts';
import type { Finding } from '../model/finding.ts';
import type { ReasonCode } from '../model/reason-codes.ts';
import { MAX_TAKEN, type TakenPlaces } from '../model/taken-places.ts';
import type { Verdict } from '../model/verdict.ts';
import { MAX_ENTRY_BYTES } from './canonical.ts';
import { bundledFields } from './entry-bundled.ts';
import {
  detailOf,
  documentsOf,
  EvidenceRoom,
  kindsOf,
  signerOf,
  type ToldOfVerdicts,
  withSigners,
} from './entry-evidence.ts';
import { entry, filled, type Maybe, present, type Stamp, some, yes } from './entry-parts.ts';
import type { EntryDraft, EntryValue } from './ledger.ts';

/** One answer to a name, a listing, a file, or a request that the gate refused by itself. */
export interface DecisionInput extends Stamp {
  readonly agent: string;
  readonly profile: string;
  /** Mode of the policy: `enforce`, `frozen`, `observe`. */
  readonly mode: string;
  /** User-Agent; cut to 200 characters. */
  readonly client?: Maybe<string>;
  /** Kind of route: `index`, `artifact`, `metadata`, …, `gate`. */
  readonly route: string;
  readonly method: string;
  readonly ecosystem?: Maybe<string>;
  readonly name?: Maybe<string>;
  readonly version?: Maybe<string>;
  readonly file?: Maybe<string>;
  readonly purl?: Maybe<string>;
  /** What stands for a name or path that fails its grammar: never its text. */
  readonly path?: Maybe<{ readonly length: number; readonly sha256: string }>;
  /** Bytes of the artifact, as received. */
  readonly size?: Maybe<number>;
  /** Digests of the artifact, as computed. */
  readonly digests?: Maybe<{ readonly sha256: Digest; readonly sha512: Digest }>;
  /** Of an allowed artifact: what lies in it and is installed with it. */
  readonly bundled?: Maybe<Bundled>;
  readonly verdict: 'allow' | 'refuse';
  /** In the order of the policy language, with the place of the rule that refused; empty for `allow`. */
  readonly reasons: readonly (ReasonCode | Reason)[];
  /** In mode `observe`: for what it would have been refused. */
  readonly observed?: Maybe<readonly Reason[]>;
  /** What waivers lifted, with the place of each. */
  readonly waived?: Maybe<readonly Waived[]>;
  /** What the policy asked to be told of and not refused for. */
  readonly warnings?: Maybe<readonly Reason[]>;
  /** The rule's place in the policy, and whether it is an exact name, a prefix or a pin. */
  readonly place?: Maybe<string>;
  readonly by?: Maybe<string>;
  readonly checks?: Maybe<readonly (Verdict | EvidenceVerdict)[]>;
  /** Digest of the policy. */
  readonly policy: string;
  readonly engine: string;
  readonly facts?: Maybe<FactsRecord>;
  readonly nearestAllowed?: Maybe<string>;
  readonly eligibleAt?: Maybe<number>;
}

/** What a decision was made from, beside policy, engine and time: with these it can be decided again. */
export interface FactsRecord {
  /** Digest of the upstream's index. */
  readonly index?: Maybe<Digest>;
  readonly quarantined?: Maybe<boolean>;
  // Our memory of the file (model/facts.ts).
  readonly firstSeen?: Maybe<number>;
  readonly lastAbsent?: Maybe<number>;
  readonly claimedAt?: Maybe<number>;
  readonly first?: Maybe<{ readonly sha256: Digest; readonly sha512: Digest }>;
  /** Each code once, with the first place where it was found. */
  readonly findings?: Maybe<readonly Finding[]>;
  // What the index claims of the file (model/listing.ts).
  readonly kind?: Maybe<string>;
  readonly declared?: Maybe<readonly Digest[]>;
  readonly declaredSize?: Maybe<number>;
  readonly metadataDigest?: Maybe<Digest>;
  readonly yanked?: Maybe<boolean>;
  readonly installScripts?: Maybe<boolean>;
  readonly directUrls?: Maybe<boolean>;
  readonly aliases?: Maybe<readonly string[]>;
  readonly evidenceListed?: Maybe<Pick<ListedEvidence, 'signed' | 'attestations'>>;
  // Evidence, where the policy was asked about any.
  /** Digest of the trust root and keys under which the `checks` of evidence were made. */
  readonly trust?: Maybe<Digest>;
  /** What the index ever claimed for the file, what it was admitted with, and what is kept here for it. */
  readonly claimed?: Maybe<EvidenceSet>;
  readonly carried?: Maybe<EvidenceSet>;
  readonly held?: Maybe<EvidenceSet>;
  /** What earlier versions carried. */
  readonly baseline?: Maybe<Baseline>;
  /** What the evidence came to when it was last looked at: for a decision that was made without a look of its own. */
  readonly evidence?: Maybe<EvidenceOutcome>;
  /** What index and bytes say of the licence: see model/licence.ts. */
  readonly licenceListed?: Maybe<string>;
  readonly licence?: Maybe<string>;
  /** Where its files land (verify/verify.ts, `Inspection.places`), as far as a policy looks at it; `cut`: there are more. */
  readonly places?: Maybe<{ readonly places: readonly string[]; readonly cut: boolean }>;
  /** What it takes of what others were admitted with before it. */
  readonly taken?: Maybe<TakenPlaces>;
  /** Versions above this one that were admitted before. */
  readonly above?: Maybe<{ readonly line: string | null; readonly any: string | null }>;
  /** What is new in it beside the version that was admitted before. */
  readonly change?: Maybe<Change>;
  readonly feed?: Maybe<FeedFacts>;
  /** What the feed has on the version; the first `MAX_ADVISORIES`. */
  readonly advisories?: Maybe<readonly Advisory[]>;
}

const MAX_CLIENT = 200;

/** Advisories of an entry at most: the worst first, so that those beyond decide nothing. */
export const MAX_ADVISORIES = 32;

/** Bytes of an entry that evidence may take at most, whatever room there is. */
const MAX_EVIDENCE = 8 * 1024;

/** Bytes of an entry that are left free beside what is counted: type, version, commas. */
const MARGIN = 512;

/**
 * What evidence says is written as far as there is room: the documents' digests first, then what a refusal found,
 * the baseline's signer, and who signed. `evidenceCut` says that something was left out; the documents have it.
 */
export function decisionEntry(input: DecisionInput): EntryDraft {
  const fields = withEvidence(input);
  const left = input.bundled ? MAX_ENTRY_BYTES - MARGIN - sizeOf(fields) : 0;
  return entry('decision', input, { ...fields, ...bundledFields(input.bundled, left) });
}

function withEvidence(input: DecisionInput): Record<string, Maybe<EntryValue>> {
  const bare = decisionFields(input, NOTHING_TOLD);
  const verdicts = [...(input.checks?.filter(isEvidence) ?? []), ...(input.facts?.evidence?.verdicts ?? [])];
  const said = [...input.reasons, ...(input.observed ?? []), ...(input.warnings ?? [])];
  const details = said.flatMap((reason) => (typeof reason === 'string' ? [] : (reason.detail ?? [])));
  const signer = input.facts?.baseline?.signer;
  if (verdicts.length === 0 && details.length === 0 && !signer) return bare;
  const left = MAX_ENTRY_BYTES - MARGIN - sizeOf(bare);
  const room = new EvidenceRoom(Math.min(left, MAX_EVIDENCE));
  const documents = documentsOf(room, verdicts);
  const evidence: EvidenceTold = {
    details: new Map(details.map((detail) => [detail, room.take(detailOf(detail))])),
    baseline: signer ? room.take(signerOf(signer)) : undefined,
    verdicts: withSigners(room, verdicts, documents),
  };
  const fields = decisionFields(input, evidence);
  return { ...fields, evidenceCut: room.full ? 'yes' : undefined };
}

function sizeOf(fields: Record<string, Maybe<EntryValue>>): number {
  return Buffer.byteLength(JSON.stringify(fields));
}

/** What is said of evidence beside what every decision says. */
interface EvidenceTold {
  readonly details: ReadonlyMap<EvidenceDetail, Maybe<EntryValue>>;
  readonly baseline: Maybe<EntryValue>;
  readonly verdicts: ToldOfVerdicts;
}

const NOTHING_TOLD: EvidenceTold = { details: new Map(), baseline: null, verdicts: new Map() };

function decisionFields(input: DecisionInput, told: EvidenceTold): Record<string, Maybe<EntryValue>> {
  const { digests, path, checks, facts } = input;
  return {
    agent: input.agent,
    profile: input.profile,
    mode: input.mode,
    client: input.client?.slice(0, MAX_CLIENT).toWellFormed(),
    route: input.route,
    method: input.method,
    ecosystem: input.ecosystem,
    name: input.name,
    version: input.version,
    file: input.file,
    purl: input.purl,
    path: path && { length: path.length, sha256: path.sha256 },
    size: input.size,
    sha256: digests?.sha256,
    sha512: digests?.sha512,
    verdict: input.verdict,
    reasons: filled(input.reasons.map((reason) => reasonOf(reason, told.details))),
    observed: filled(input.observed?.map((reason) => reasonOf(reason, told.details))),
    waived: filled(input.waived?.map(({ code, place }) => ({ code, place }))),
    warnings: filled(input.warnings?.map((reason) => reasonOf(reason, told.details))),
    place: input.place,
    by: input.by,
    checks: filled(checks?.map((check) => checkOf(check, told.verdicts))),
    policy: input.policy,
    engine: input.engine,
    facts: facts && factsOf(facts, told),
    nearestAllowed: input.nearestAllowed,
    eligibleAt: input.eligibleAt,
  };
}

/** Refusals of one agent past its budget of entries: how many there were, by code. */
export interface RefusalSumInput extends Stamp {
  readonly agent: string;
  /** When the first of them was refused, milliseconds since 1970; `time` is when they were summed. */
  readonly since: number;
  /** By the code of each one's first reason. */
  readonly counts: ReadonlyMap<ReasonCode, number>;
  /** Digest of the policy in force when they were summed. */
  readonly policy: string;
  readonly engine: string;
}

/** A decision without a subject: `route` is `sum`, `refusals` how many it stands for, `counts` how many of each code. */
export function refusalSumEntry(input: RefusalSumInput): EntryDraft {
  const { agent, since, counts, policy, engine } = input;
  return entry('decision', input, {
    agent,
    route: 'sum',
    verdict: 'refuse',
    reasons: [...counts.keys()].map((code) => ({ code })),
    refusals: [...counts.values()].reduce((sum, count) => sum + count, 0),
    counts: Object.fromEntries(counts),
    since,
    policy,
    engine,
  });
}

function reasonOf(
  reason: ReasonCode | Reason,
  details: ReadonlyMap<EvidenceDetail, Maybe<EntryValue>>,
): EntryValue {
  if (typeof reason === 'string') return { code: reason };
  const { code, place, detail, about } = reason;
  return present({ code, place, detail: detail && details.get(detail), about: filled(about?.slice(0, 16)) });
}

/** One reason as an entry with room for all of it says it. */
export function reasonTold(reason: Reason): EntryValue {
  const { detail } = reason;
  return reasonOf(reason, detail ? new Map([[detail, detailOf(detail)]]) : NOTHING_TOLD.details);
}

function checkOf(verdict: Verdict | EvidenceVerdict, told: ToldOfVerdicts): EntryValue {
  const { check, result, code } = verdict;
  const cause = isEvidence(verdict) ? verdict.cause : undefined;
  return present({ check, result, code, cause, ...told.get(verdict) });
}

function isEvidence(verdict: Verdict | EvidenceVerdict): verdict is EvidenceVerdict {
  return 'documents' in verdict;
}

function factsOf(facts: FactsRecord, told: EvidenceTold): EntryValue {
  const { evidenceListed, claimed, carried, held, baseline, evidence } = facts;
  return present({
    index: facts.index,
    quarantined: yes(facts.quarantined),
    firstSeen: facts.firstSeen,
    lastAbsent: facts.lastAbsent,
    claimedAt: facts.claimedAt,
    first: facts.first && { sha256: facts.first.sha256, sha512: facts.first.sha512 },
    // An empty list says that the bytes were inspected and showed nothing: it is kept.
    findings: facts.findings && findingsOf(facts.findings),
    kind: facts.kind,
    declared: filled(facts.declared),
    declaredSize: facts.declaredSize,
    metadataDigest: facts.metadataDigest,
    yanked: yes(facts.yanked),
    installScripts: yes(facts.installScripts),
    directUrls: yes(facts.directUrls),
    aliases: filled(facts.aliases),
    evidenceListed:
      evidenceListed &&
      some({ signed: yes(evidenceListed.signed), attestations: yes(evidenceListed.attestations !== null) }),
    trust: facts.trust,
    claimed: claimed && kindsOf(claimed),
    carried: carried && kindsOf(carried),
    held: held && kindsOf(held),
    baseline: baseline && some({ ...kindsOf(baseline), signer: told.baseline }),
    evidence: evidence && {
      sha256: evidence.sha256,
      sha512: evidence.sha512,
      at: evidence.at,
      trust: evidence.trust,
      checks: evidence.verdicts.map((verdict) => checkOf(verdict, told.verdicts)),
    },
    licenceListed: facts.licenceListed,
    licence: facts.licence,
    // An empty list says where the bytes were seen to land: nowhere that another's could.
    places: facts.places?.places,
    placesCut: yes(facts.places?.cut),
    placesTaken: filled(facts.taken?.taken.slice(0, MAX_TAKEN).map(({ place, by }) => ({ place, by }))),
    placesTakenMore: yes(facts.taken && (facts.taken.more || facts.taken.taken.length > MAX_TAKEN)),
    above: facts.above && some({ line: facts.above.line, any: facts.above.any }),
    ...changeOf(facts.change),
    feed: facts.feed && { digest: facts.feed.digest, at: facts.feed.at, staleAt: facts.feed.staleAt },
    advisories: filled(
      facts.advisories
        ?.slice(0, MAX_ADVISORIES)
        .map(({ id, kind, severity }) => present({ id, kind, severity })),
    ),
  });
}

/** New dependencies are said only beside what they are new to. */
function changeOf(change: Maybe<Change>): Record<string, Maybe<EntryValue>> {
  if (!change?.before) return {};
  const { before, dependencies } = change;
  return {
    before: present({ version: before.version, runs: yes(before.runs), kinds: filled(before.kinds) }),
    newDependencies: filled(
      dependencies?.map(({ name, born }) => present({ name, born: born === undefined ? null : born })),
    ),
    newDependenciesUnread: yes(dependencies === null),
  };
}

/** One finding of each code: an archive with ten thousand of them must not make its entry too large. */
function findingsOf(findings: readonly Finding[]): EntryValue {
  const first = new Map<string, string>();
  for (const { code, place } of findings) if (!first.has(code)) first.set(code, place.toWellFormed());
  return [...first].map(([code, place]) => ({ code, place }));
}
