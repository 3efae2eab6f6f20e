import type { ZodError } from 'zod';
import type { Advisory } from '../model/advisory.ts';
import type { ArtifactKind, PackageName } from '../model/artifact.ts';
import { type Change, NO_CHANGE } from '../model/change.ts';
import type { EvidenceName, EvidenceSet, EvidenceVerdict, Signer } from '../model/evidence.ts';
import type { FileFacts } from '../model/facts.ts';
import type { ListedFile } from '../model/listing.ts';
import { type ReasonCode, statusOf } from '../model/reason-codes.ts';
import type { CheckName, Verdict } from '../model/verdict.ts';
import type { VersionScheme } from '../model/versions.ts';
import { comparePin } from '../policy/pins.ts';
import type { ListingQuestion, Policy, Question } from '../policy/policy.ts';
import {
  type CheckOfEntry,
  type DecisionEntry,
  decisionEntry,
  type FactsOfEntry,
  type KindsOfEntry,
  type SignerOfEntry,
} from './replay-entry.ts';

/*
 * Promise 5, backwards: the question that an entry's decision answered, made of nothing but the entry
 * (ledger/entry.ts, format version 1). It is decided again by an auditor under the policy of then, and by
 * `policy diff` under one that is only proposed. Nothing is guessed: an entry that says a thing which is not
 * known here, or lacks one that its question has, gives no question.
 */

export type Replayed =
  | {
      readonly question: Question;
      /** The entry had no room for all of its evidence: what is missing can only refuse. */
      readonly incomplete: boolean;
    }
  | {
      readonly question: null;
      /** In our words. */
      readonly why: string;
    };

type Scheme = Pick<VersionScheme, 'ecosystem' | 'canonicalName' | 'parseVersion'>;

/** Refusals of a file that say something of its index, and nothing of the policy. */
const OF_THE_INDEX: ReadonlySet<ReasonCode> = new Set(['WITHDRAWN_UPSTREAM', 'UNKNOWN_VERSION']);

/** What a name alone can be refused for. */
const BY_NAME: ReadonlySet<ReasonCode> = new Set(['NOT_ALLOWLISTED', 'DENIED', 'NOT_PINNED']);

/** What is found of bytes only, and so was not decided where none were judged. */
const OF_THE_BYTES: ReadonlySet<ReasonCode> = new Set(['DIGEST_MISMATCH', 'SIZE_MISMATCH', 'TOO_LARGE']);

/** The question that a decision answered: of a name, of a listed file, or of one whose bytes were examined. */
export function questionOf(stored: unknown, schemes: readonly Scheme[]): Replayed {
  const parsed = decisionEntry.safeParse(stored);
  if (!parsed.success) return none(unreadable(parsed.error));
  const entry = parsed.data;
  const { ecosystem, name: raw, time } = entry;
  if (ecosystem === undefined || raw === undefined) return none('it is about no package');
  const scheme = schemes.find((one) => one.ecosystem === ecosystem);
  if (!scheme) return none('its ecosystem is not known here');
  const name = scheme.canonicalName(raw);
  if (name === null || name !== raw) return none('its name is not in canonical spelling');
  const codes = (entry.reasons ?? []).map(({ code }) => code);
  if (entry.verdict === 'refuse' && codes.length === 0) return none('it is a refusal without a reason');
  if (codes.some((code) => statusOf(code) !== 403 || OF_THE_INDEX.has(code)))
    return none('it was refused for what no policy decides');
  const { facts: told } = entry;
  if (told?.placesCut !== undefined) return none('it had no room for all places where its files land');
  if (told?.kind === undefined) {
    if (entry.verdict === 'allow' || told?.index !== undefined) return none('it is about no single file');
    if (codes.includes('NOT_ALLOWLISTED') && (entry.place !== undefined || entry.observed !== undefined))
      return none('the policy let its name pass, and no upstream knows it, or its agent asked for too many');
    if (!codes.every((code) => BY_NAME.has(code))) return none('it is about no single file');
    return { question: { stage: 'name', ecosystem, name, now: time }, incomplete: false };
  }
  return fileQuestion(entry, told, told.kind, { scheme, name, codes });
}

/**
 * The question as it would be asked under a policy other than that of then. Of all checks of the bytes the pin alone
 * comes from the policy; whether it is of these bytes is seen by their digests.
 */
export function askedUnder<Q extends Question>(policy: Policy, profile: string, question: Q): Q {
  if (question.stage !== 'download') return question;
  const { ecosystem, name, file, sha256, sha512, verdicts } = question;
  const pin = policy.profiles.get(profile)?.ecosystems.get(ecosystem)?.pins.get(name)?.get(file.version);
  const result = !pin ? 'absent' : comparePin(pin, [sha256, sha512]) === 'match' ? 'verified' : 'failed';
  const verdict: Verdict = { check: 'pin', result, ...(result === 'failed' && { code: 'PIN_MISMATCH' }) };
  return { ...question, verdicts: [...verdicts.filter((one) => one.check !== 'pin'), verdict] };
}

function fileQuestion(
  entry: DecisionEntry,
  told: FactsOfEntry,
  kind: ArtifactKind,
  {
    scheme,
    name,
    codes,
  }: { readonly scheme: Scheme; readonly name: PackageName; readonly codes: readonly ReasonCode[] },
): Replayed {
  const { version, file: filename, checks, sha256, sha512 } = entry;
  if (version === undefined || filename === undefined) return none('it names no version and file');
  if (scheme.parseVersion(version) !== version) return none('its version is not in normal form');
  // Another had claimed the file's first digest between the decision and its entry.
  if (codes.includes('DIGEST_CHANGED') && told.first === undefined)
    return none('its first digest was claimed while it was decided');
  const listing: ListingQuestion = {
    stage: 'listing',
    ecosystem: scheme.ecosystem,
    name,
    file: listedFile(filename, version, kind, told),
    quarantined: told.quarantined === 'yes',
    facts: factsOf(told),
    held: kindsOf(told.held),
    baseline: {
      ...kindsOf(told.baseline),
      signer: told.baseline?.signer ? signerOf(told.baseline.signer) : null,
    },
    change: changeOf(told),
    taken: { taken: told.placesTaken ?? [], more: told.placesTakenMore === 'yes' },
    above: { line: told.above?.line ?? null, any: told.above?.any ?? null },
    feed: told.feed ?? null,
    advisories: (told.advisories ?? []).map(advisoryOf),
    now: entry.time,
  };
  const incomplete = entry.evidenceCut === 'yes';
  if (checks === undefined) {
    if (sha256 !== undefined) return none('it has bytes, and no verdict on them');
    if (codes.some((code) => OF_THE_BYTES.has(code))) return none('it is about another document of the file');
    return { question: listing, incomplete };
  }
  if (sha256 === undefined || sha512 === undefined)
    return none('it has verdicts, and no digests of the bytes');
  const question = {
    ...listing,
    stage: 'download',
    sha256,
    sha512,
    verdicts: checks.filter((one) => !isEvidence(one.check)).map(verdictOf),
    evidence: checks.flatMap(evidenceOf),
  } as const;
  return { question, incomplete };
}

function listedFile(filename: string, version: string, kind: ArtifactKind, told: FactsOfEntry): ListedFile {
  return {
    filename,
    version,
    kind,
    url: '',
    digests: told.declared ?? [],
    size: told.declaredSize ?? null,
    claimedAt: told.claimedAt ?? null,
    yanked: told.yanked === 'yes',
    metadataDigest: told.metadataDigest ?? null,
    installScripts: told.installScripts === 'yes',
    directUrls: told.directUrls === 'yes',
    ...(told.aliases && { aliases: told.aliases.map((name) => name as PackageName) }),
    evidence: {
      signed: told.evidenceListed?.signed === 'yes',
      signatures: [],
      // Claimed, at an address that the entry does not have and a decision never asks for.
      attestations: told.evidenceListed?.attestations === 'yes' ? '' : null,
    },
    licence: told.licenceListed ?? null,
  };
}

function factsOf(told: FactsOfEntry): FileFacts {
  const { evidence } = told;
  return {
    firstSeen: told.firstSeen ?? null,
    lastAbsent: told.lastAbsent ?? null,
    claimedAt: told.claimedAt ?? null,
    first: told.first ?? null,
    findings: told.findings ?? null,
    metadata: null,
    licence: told.licence ?? null,
    dependencies: null,
    // Below its own name are none that decide anything; what was never inspected has none either.
    places: told.places ?? null,
    claimed: kindsOf(told.claimed),
    carried: told.carried ? { ...kindsOf(told.carried), signer: null } : null,
    evidence: evidence
      ? {
          sha256: evidence.sha256,
          sha512: evidence.sha512,
          at: evidence.at,
          trust: evidence.trust,
          verdicts: evidence.checks.flatMap(evidenceOf),
        }
      : null,
  };
}

function changeOf({ before, newDependencies = [], newDependenciesUnread }: FactsOfEntry): Change {
  if (!before) return NO_CHANGE;
  const { version, runs, kinds = [] } = before;
  return {
    before: { version, runs: runs === 'yes', kinds },
    // When one appeared is left out where nobody looked, and where nobody knows: to whoever has the bytes it is the same.
    dependencies: newDependenciesUnread
      ? null
      : newDependencies.map(({ name, born }) => (born === undefined ? { name } : { name, born })),
  };
}

function kindsOf(told: KindsOfEntry | undefined): EvidenceSet {
  return {
    'registry-signature': told?.['registry-signature'] === 'yes',
    provenance: told?.provenance === 'yes',
  };
}

function verdictOf({ check: name, result, code }: CheckOfEntry): Verdict {
  return { check: name, result, ...(code !== undefined && { code }) };
}

/** The verdict of a check of evidence; empty for one of another kind. */
function evidenceOf(told: CheckOfEntry): EvidenceVerdict[] {
  const { check: name, result, code, cause, signers = [], documents = [] } = told;
  if (!isEvidence(name)) return [];
  const more = { ...(code !== undefined && { code }), ...(cause !== undefined && { cause }) };
  return [{ check: name, result, ...more, signers: signers.map(signerOf), documents }];
}

function isEvidence(name: CheckName): name is EvidenceName {
  return name === 'registry-signature' || name === 'provenance';
}

/** Fields that an entry leaves out are those of which the certificate is silent. */
function signerOf(told: SignerOfEntry): Signer {
  const { predicate, issuer, subject } = told;
  return {
    predicate,
    issuer,
    subject,
    repository: told.repository ?? null,
    repositoryId: told.repositoryId ?? null,
    ownerId: told.ownerId ?? null,
    workflow: told.workflow ?? null,
    ref: told.ref ?? null,
    commit: told.commit ?? null,
    trigger: told.trigger ?? null,
    runner: told.runner ?? null,
    environment: told.environment ?? null,
    builder: told.builder ?? null,
  };
}

function advisoryOf({
  id,
  kind,
  severity,
}: {
  readonly id: string;
  readonly kind: Advisory['kind'];
  readonly severity?: Exclude<Advisory['severity'], null> | undefined;
}): Advisory {
  return { id, kind, severity: severity ?? null };
}

function none(why: string): Replayed {
  return { question: null, why };
}

/** Where an entry is not as expected, by its own field names; what stands there is not repeated. */
function unreadable({ issues }: ZodError): string {
  const [issue] = issues;
  const field = issue?.path.filter((part) => typeof part === 'string').join('.');
  return `${field ? `its ${field}` : 'it'} cannot be read by this version`;
}
