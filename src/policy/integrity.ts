import { algorithmOf, type Digest } from '../model/digest.ts';
import { FINDINGS, type Finding } from '../model/finding.ts';
import type { ReasonCode } from '../model/reason-codes.ts';
import type { CheckName, Verdict } from '../model/verdict.ts';
import { comparePin } from './pins.ts';
import type { DownloadQuestion, ListingQuestion } from './policy.ts';
import type { Pin } from './profile.ts';

/** Which requirement decides on a finding. One that this version does not know is taken for the worst. */
export function decidedBy(finding: Finding): (typeof FINDINGS)[keyof typeof FINDINGS] {
  return Object.hasOwn(FINDINGS, finding.code) ? FINDINGS[finding.code] : 'integrity';
}

/** What no policy lifts, by what the index claims and what the bytes of this file showed before. */
export function judgeListing(question: ListingQuestion | DownloadQuestion, pin: Pin | null): ReasonCode[] {
  const codes: ReasonCode[] = [];
  if (question.quarantined) codes.push('QUARANTINED_UPSTREAM');
  if (question.file.digests.length === 0 && pin === null) codes.push('NO_DIGEST');
  for (const finding of question.facts.findings ?? []) {
    if (decidedBy(finding) !== 'integrity') continue;
    codes.push(finding.code === 'METADATA_MISMATCH' ? 'METADATA_MISMATCH' : 'ARCHIVE_UNSAFE');
  }
  return codes;
}

/**
 * What no policy lifts, by the verdicts on the bytes. A check that must be there and is not, or is not
 * `verified`, refuses; the digests are compared here once more, so that no verdict has to be believed.
 */
export function judgeBytes(question: DownloadQuestion, pin: Pin | null): ReasonCode[] {
  const codes: ReasonCode[] = [];
  const { file, verdicts } = question;
  const actual = [question.sha256, question.sha512];
  if (file.digests.length > 0) {
    if (!agrees(file.digests, actual)) codes.push('DIGEST_MISMATCH');
    codes.push(...required(verdicts, 'declared-digest', 'DIGEST_MISMATCH'));
  } else if (pin !== null) {
    // Without a declared digest the pin is all there is to compare with.
    codes.push(...required(verdicts, 'pin', 'PIN_MISMATCH'));
    codes.push(...optional(verdicts, 'declared-digest', 'DIGEST_MISMATCH'));
  }
  // The digest says the size, too; the check only makes a short or endless answer fail early.
  codes.push(...optional(verdicts, 'size', 'SIZE_MISMATCH'));
  codes.push(...required(verdicts, 'archive', 'ARCHIVE_UNSAFE'));
  codes.push(...required(verdicts, 'metadata', 'METADATA_MISMATCH'));
  // `archive` may be verified and its findings lost on the way: bytes of which nothing is known are not served.
  if (question.facts.findings === null) codes.push('ARCHIVE_UNSAFE');
  return codes;
}

/** Whether the file is the one that was first admitted under its name, version and file name. */
export function judgeFirstDigest(question: ListingQuestion | DownloadQuestion): ReasonCode[] {
  const { first } = question.facts;
  const codes: ReasonCode[] = [];
  if (first !== null && !agrees([first.sha256, first.sha512], question.file.digests)) {
    codes.push('DIGEST_CHANGED');
  }
  if (question.stage !== 'download') return codes;
  if (first !== null && (first.sha256 !== question.sha256 || first.sha512 !== question.sha512)) {
    codes.push('DIGEST_CHANGED');
  }
  codes.push(...optional(question.verdicts, 'first-digest', 'DIGEST_CHANGED'));
  return codes;
}

/** Whether the file is one that its version's pin names. */
export function judgePin(question: ListingQuestion | DownloadQuestion, pin: Pin | null): ReasonCode[] {
  const codes: ReasonCode[] = [];
  if (pin !== null && comparePin(pin, question.file.digests) === 'mismatch') codes.push('PIN_MISMATCH');
  if (question.stage !== 'download') return codes;
  if (pin !== null && comparePin(pin, [question.sha256, question.sha512]) !== 'match')
    codes.push('PIN_MISMATCH');
  codes.push(...optional(question.verdicts, 'pin', 'PIN_MISMATCH'));
  return codes;
}

/** For each algorithm that is in both, one of the declared digests must be the known one. */
function agrees(known: readonly Digest[], declared: readonly Digest[]): boolean {
  for (const algorithm of ['sha256', 'sha512'] as const) {
    const ours = known.filter((digest) => algorithmOf(digest) === algorithm);
    const theirs = declared.filter((digest) => algorithmOf(digest) === algorithm);
    if (ours.length > 0 && theirs.length > 0 && !theirs.some((digest) => ours.includes(digest))) return false;
  }
  return true;
}

/** Nothing where the check was made and all its verdicts are `verified`. */
function required(verdicts: readonly Verdict[], check: CheckName, code: ReasonCode): ReasonCode[] {
  const own = verdicts.filter((verdict) => verdict.check === check);
  if (own.length === 0) return [code];
  return own.filter((verdict) => verdict.result !== 'verified').map((verdict) => verdict.code ?? code);
}

/** As `required`, but there may be nothing to check. */
function optional(verdicts: readonly Verdict[], check: CheckName, code: ReasonCode): ReasonCode[] {
  const own = verdicts.filter((verdict) => verdict.check === check && verdict.result !== 'absent');
  return own.filter((verdict) => verdict.result !== 'verified').map((verdict) => verdict.code ?? code);
}
