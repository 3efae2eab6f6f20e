import type { EvidenceDetail, PolicyPlace, Reason } from '../../model/decision.ts';
import {
  type CarriedEvidence,
  codeOfCause,
  EVIDENCE,
  type EvidenceName,
  type EvidenceOutcome,
  type EvidenceSet,
  type EvidenceVerdict,
  type Signer,
} from '../../model/evidence.ts';
import type { ReasonCode } from '../../model/reason-codes.ts';
import { shown } from '../../model/shown.ts';
import type { DownloadQuestion, ListingQuestion, Policy } from '../policy.ts';
import type { EvidenceLevel, Identity, Requirements } from '../profile.ts';
import { requirementsFor } from '../requirements.ts';
import { nearestSigner } from './signers.ts';

/** How long an outcome that refuses guides listings, ms; then the evidence is looked at again. */
export const LOOK_AGAIN = 3_600_000;

/** The codes of evidence that nobody has, and of evidence of which nothing is known. */
const LACKING = {
  'registry-signature': { missing: 'SIGNATURE_MISSING', unchecked: 'SIGNATURE_UNCHECKED' },
  provenance: { missing: 'PROVENANCE_MISSING', unchecked: 'PROVENANCE_UNCHECKED' },
} as const satisfies Record<EvidenceName, Record<string, ReasonCode>>;

/** The requirement that decides, and the question: all that one kind of evidence is judged by. */
interface Asked {
  readonly check: EvidenceName;
  readonly level: EvidenceLevel | Identity;
  readonly question: ListingQuestion | DownloadQuestion;
}

/** What is wrong with one kind of evidence: a reason but for its place. */
type Fault = Pick<EvidenceReason, 'code' | 'detail'>;

interface EvidenceReason extends Reason {
  readonly detail: EvidenceDetail;
  /** It is `changes` that asks for it: evidence that is there alone would do for its own requirement. */
  readonly changes: boolean;
}

/** What `changes` asks of evidence where its own requirement is content with what is present. */
const LOST: ReadonlySet<ReasonCode> = new Set(['EVIDENCE_DOWNGRADE', 'SIGNER_CHANGED']);

export interface EvidenceJudgement {
  readonly reasons: readonly EvidenceReason[];
  /** When a remembered outcome that refuses stops to count (ms); null where none refuses. */
  readonly until: number | null;
}

/** Which evidence has to be looked at before the policy can decide on a file: all that is not `off`. */
export function evidenceAsked(
  policy: Policy,
  profile: string,
  question: Pick<ListingQuestion, 'ecosystem' | 'name' | 'file'>,
): EvidenceSet {
  const required = requirementsOf(policy, profile, question);
  // Under no rules at all nothing is admitted, whatever is looked at.
  const asked = (check: EvidenceName): boolean => required === null || levelOf(required, check) !== 'off';
  return { 'registry-signature': asked('registry-signature'), provenance: asked('provenance') };
}

/**
 * What later versions are held to from now on, because this file was admitted with it under this policy: every
 * kind that verified, and the signer where the policy held it to one, or will from now on. null for nothing.
 */
export function carriedBy(
  policy: Policy,
  profile: string,
  question: Pick<ListingQuestion, 'ecosystem' | 'name' | 'file' | 'baseline'>,
  verdicts: readonly EvidenceVerdict[],
): CarriedEvidence | null {
  const carries = (check: EvidenceName): boolean =>
    verdicts.some((verdict) => verdict.check === check && isProven(verdict));
  const carried = { 'registry-signature': carries('registry-signature'), provenance: carries('provenance') };
  if (!carried['registry-signature'] && !carried.provenance) return null;
  const required = requirementsOf(policy, profile, question);
  const level = required ? withChanges(required.provenance, required) : 'off';
  if (level === 'off' || level === 'if-present') return { ...carried, signer: null };
  const signers = verdicts.filter((v) => v.check === 'provenance' && isProven(v)).flatMap((v) => v.signers);
  const found = nearestSigner(signers, level, question.baseline);
  return { ...carried, signer: found?.differences.length === 0 ? found.signer : null };
}

/** Whether a reason is that evidence is missing, does not verify or is of another signer. */
export function isAboutEvidence(reason: Reason): boolean {
  return reason.detail !== undefined;
}

/**
 * Judges both kinds of evidence by the level that the policy asks for. At `download` by the verdicts: a check
 * without one was not made, which refuses. At `listing` by the last look at this artifact, else by what is claimed.
 */
export function judgeEvidence(
  required: Requirements,
  place: PolicyPlace | null,
  question: ListingQuestion | DownloadQuestion,
): EvidenceJudgement {
  const reasons: EvidenceReason[] = [];
  let until: number | null = null;
  for (const check of EVIDENCE) {
    const own = levelOf(required, check);
    const level = withChanges(own, required);
    const asked: Asked = { check, level, question };
    if (level === 'off') continue;
    const recent = question.stage === 'listing' ? recentFaults(asked, question) : null;
    if (recent !== null && recent.faults.length > 0) until = recent.until;
    const faults =
      recent?.faults ?? (question.stage === 'listing' ? byClaims(asked) : byVerdicts(asked, question));
    const raised = level !== own;
    for (const { code, detail } of faults)
      reasons.push({ code, place, detail, changes: raised && LOST.has(code) });
  }
  return { reasons, until };
}

function byVerdicts(asked: Asked, { evidence }: DownloadQuestion): readonly Fault[] {
  const own = evidence.filter(({ check }) => check === asked.check);
  return own.length === 0 ? [unchecked(asked.check)] : own.flatMap((verdict) => byVerdict(asked, verdict));
}

/**
 * What the last look at this very artifact's evidence came to under this requirement; null where there was none,
 * or none that still counts: what refused is believed for an hour, what passes until there are other bytes.
 */
function recentFaults(
  asked: Asked,
  question: ListingQuestion,
): { readonly faults: readonly Fault[]; readonly until: number } | null {
  const { facts, now } = question;
  const outcome = facts.evidence;
  if (outcome === null || !isOf(outcome, question)) return null;
  // What was nowhere to be found then, and is announced now, has not been looked at.
  const seen = outcome.verdicts.filter(
    ({ check, result }) => check === asked.check && !(result === 'absent' && isClaimed(asked)),
  );
  if (seen.length === 0) return null;
  const faults = seen.flatMap((verdict) => byVerdict(asked, verdict));
  const until = outcome.at + LOOK_AGAIN;
  return faults.length === 0 || now < until ? { faults, until } : null;
}

/** Whether an outcome is of the artifact in question, by every digest that is declared or by the first admitted. */
function isOf({ sha256, sha512 }: EvidenceOutcome, { file, facts: { first } }: ListingQuestion): boolean {
  const declared = file.digests.length > 0 && file.digests.every((d) => d === sha256 || d === sha512);
  return declared || (first !== null && first.sha256 === sha256 && first.sha512 === sha512);
}

/** By what the index claims and what is kept here. Only the bytes can show what it is worth. */
function byClaims(asked: Asked): readonly Fault[] {
  return isClaimed(asked) ? [] : byAbsence(asked);
}

function isClaimed({ check, question: { file, held } }: Asked): boolean {
  const claimed = check === 'registry-signature' ? file.evidence.signed : file.evidence.attestations !== null;
  return claimed || held[check];
}

function byVerdict(asked: Asked, verdict: EvidenceVerdict): readonly Fault[] {
  const { check, result, cause, code } = verdict;
  switch (result) {
    case 'verified':
      if (!isProven(verdict)) return [unchecked(check)];
      return check === 'provenance' ? bySigners(asked, verdict.signers) : [];
    case 'absent':
      // No verdict is believed that says of what is announced that nobody has announced it.
      return isClaimed(asked) ? [unchecked(check, { cause: 'not-there' })] : byAbsence(asked);
    default: {
      const own = code ?? (cause === undefined ? LACKING[check].unchecked : codeOfCause(check, cause));
      return [{ code: own, detail: { check, ...(cause === undefined ? {} : { cause }) } }];
    }
  }
}

/** Provenance that nobody signed is none, whatever its verdict says. */
function isProven({ check, result, signers }: EvidenceVerdict): boolean {
  return result === 'verified' && (check !== 'provenance' || signers.length > 0);
}

/** Evidence that nobody claims, for a file that may once have had it, or whose predecessors had. */
function byAbsence({ check, level, question }: Asked): readonly Fault[] {
  const { baseline, facts } = question;
  if (level === 'off' || level === 'if-present') return [];
  if (level !== 'no-downgrade') return [{ code: LACKING[check].missing, detail: { check } }];
  const before = baseline[check] || facts.claimed[check] || facts.carried?.[check] === true;
  return before ? [{ code: 'EVIDENCE_DOWNGRADE', detail: { check } }] : [];
}

function bySigners({ check, level, question }: Asked, signers: readonly Signer[]): readonly Fault[] {
  const [difference] = nearestSigner(signers, level, question.baseline)?.differences ?? [];
  if (difference === undefined) return [];
  const { code, field } = difference;
  const expected = shown(difference.expected);
  const found = shown(difference.found);
  const values = {
    ...(expected === undefined ? {} : { expected }),
    ...(found === undefined ? {} : { found }),
  };
  return [{ code, detail: { check, field, ...values } }];
}

function unchecked(check: EvidenceName, more: Pick<EvidenceDetail, 'cause'> = {}): Fault {
  return { code: LACKING[check].unchecked, detail: { check, ...more } };
}

function levelOf(required: Requirements, check: EvidenceName): EvidenceLevel | Identity {
  return check === 'registry-signature' ? required.registrySignature : required.provenance;
}

/** Under `changes` what is present must be no less than before. What a policy does not look at, it does not miss. */
function withChanges(
  level: EvidenceLevel | Identity,
  { changes }: Pick<Requirements, 'changes'>,
): EvidenceLevel | Identity {
  return changes !== 'off' && level === 'if-present' ? 'no-downgrade' : level;
}

function requirementsOf(
  policy: Policy,
  profile: string,
  { ecosystem, name, file }: Pick<ListingQuestion, 'ecosystem' | 'name' | 'file'>,
): Requirements | null {
  const rules = policy.profiles.get(profile)?.ecosystems.get(ecosystem);
  return rules ? requirementsFor(rules, rules.allow.best(name)?.value ?? null, file.version) : null;
}
