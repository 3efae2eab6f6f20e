import type { Receipt } from '../ledger/ledger.ts';
import { type PackageId, purl } from '../model/artifact.ts';
import type { Reason } from '../model/decision.ts';
import { type ReasonCode, statusOf, wordsOf } from '../model/reason-codes.ts';
import { aboutWords } from './about-words.ts';
import type { Refusal } from './admission.ts';
import { evidenceWords } from './evidence/words.ts';

/** What is refused: as much of it as the request named and the grammar passed. */
export interface Subject extends PackageId {
  readonly version?: string;
  readonly filename?: string;
}

/** Seconds after which a fault may be gone; policy refusals have none, so that no client waits on them. */
const RETRY_AFTER = 5;

/** Whether an answer on the way is a refusal, and not what was asked for. */
export function isRefusal(value: object): value is Refusal {
  return 'reasons' in value && 'line' in value;
}

/** A refusal or fault that is of no package, still without an entry. `line`: a better one than the code's own words. */
export function plainRefusal(code: ReasonCode, line = `sallyport: ${wordsOf(code)} (${code})`): Refusal {
  return {
    code,
    reasons: [code],
    evidence: [],
    package: null,
    line,
    nearestAllowed: null,
    eligibleAt: null,
    entry: null,
    seq: null,
    ...retryAfter(code),
  };
}

/** A refusal of policy, or a fault, of one package. The line is made of codes, our words and valid names. */
export function refusalOf(
  subject: Subject,
  reasons: readonly (Reason | ReasonCode)[],
  more: { readonly nearest?: string | null; readonly eligibleAt?: number | null } = {},
): Refusal {
  const codes = codesOf(reasons);
  const code = codes[0] ?? 'INTERNAL';
  const [first] = reasons;
  const reason: Reason = typeof first === 'object' ? first : { code, place: null };
  const nearest = more.nearest ? `${subject.name}@${more.nearest}` : null;
  const eligibleAt = more.eligibleAt ?? null;
  return {
    code,
    reasons: codes.length > 0 ? codes : ['INTERNAL'],
    evidence: reasons.flatMap((reason) =>
      typeof reason === 'object' && reason.detail ? [reason.detail] : [],
    ),
    package: purl(subject, subject.version),
    line: lineOf(subject, reason, nearest, eligibleAt),
    nearestAllowed: nearest,
    eligibleAt,
    entry: null,
    seq: null,
    ...retryAfter(code),
  };
}

/** The same refusal with its place in the ledger; without one (null) it is part of a sum. */
export function entered(refusal: Refusal, receipt: Receipt | null): Refusal {
  return receipt ? { ...refusal, entry: receipt.leaf, seq: receipt.seq } : { ...refusal, summed: true };
}

function retryAfter(code: ReasonCode): { readonly retryAfter: number } | null {
  return statusOf(code) >= 500 ? { retryAfter: RETRY_AFTER } : null;
}

function lineOf(subject: Subject, reason: Reason, nearest: string | null, eligibleAt: number | null): string {
  const { code, detail } = reason;
  const what = subject.version ? `${subject.name}@${subject.version}` : subject.name;
  if (statusOf(code) >= 500) return `sallyport cannot serve ${what}: ${wordsOf(code)} (${code})`;
  const about = aboutWords(reason);
  const parts = [`sallyport refused ${what}: it ${wordsOf(code)} (${code})${about ? `: ${about}` : ''}`];
  const why = detail && evidenceWords(detail, code);
  if (why) parts.push(why);
  if (nearest) parts.push(`admitted instead: ${nearest}`);
  else if (subject.version) parts.push('no version is admitted instead');
  if (eligibleAt !== null) parts.push(`admissible from ${new Date(eligibleAt).toISOString().slice(0, 16)}Z`);
  return parts.join('; ');
}

/** The codes of reasons, with or without a place in the policy. */
export function codesOf(reasons: readonly (Reason | ReasonCode)[]): ReasonCode[] {
  return reasons.map((reason) => (typeof reason === 'string' ? reason : reason.code));
}
