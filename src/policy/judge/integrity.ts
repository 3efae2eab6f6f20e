import type { ArtifactDigests, Digest } from '../../model/digest.ts';
import { FINDINGS, type Finding } from '../../model/finding.ts';
import type { ReasonCode } from '../../model/reason-codes.ts';
import type { CheckName, Verdict } from '../../model/verdict.ts';
import { comparePin } from '../pins.ts';
import type { DownloadQuestion, ListingQuestion } from '../policy.ts';
import type { Pin } from '../profile.ts';
import { firm, type Given } from './matter.ts';

/** Which requirement decides on a finding. One that this version does not know is taken for the worst. */
export function decidedBy(finding: Finding): (typeof FINDINGS)[keyof typeof FINDINGS] {
  return Object.hasOwn(FINDINGS, finding.code) ? FINDINGS[finding.code] : 'integrity';
}

/**
 * What no policy lifts, by what the index claims and what the bytes of this file showed before. Of metadata that
 * was read and disagrees somebody may say, for these very bytes, that it does not matter.
 */
export function judgeListing(question: ListingQuestion | DownloadQuestion, pin: Pin | null): Given[] {
  const given: Given[] = [];
  if (question.quarantined) given.push(firm('QUARANTINED_UPSTREAM'));
  if (question.file.digests.length === 0 && pin === null) given.push(firm('NO_DIGEST'));
  for (const finding of question.facts.findings ?? []) {
    if (decidedBy(finding) !== 'integrity') continue;
    given.push(finding.code === 'METADATA_MISMATCH' ? DISAGREES : firm('ARCHIVE_UNSAFE'));
  }
  return given;
}

const DISAGREES: Given = { ...firm('METADATA_MISMATCH'), lifts: 'metadata' };

/**
 * What no policy lifts, by the verdicts on the bytes. The digests are compared here once more, so that no
 * verdict has to be believed.
 */
export function judgeBytes(question: DownloadQuestion): Given[] {
  const { file, verdicts } = question;
  const declared = file.digests.length > 0;
  const codes: ReasonCode[] = [];
  if (!agrees(file.digests, question)) codes.push('DIGEST_MISMATCH');
  codes.push(
    ...unproven(verdicts, 'declared-digest', declared, 'DIGEST_MISMATCH'),
    ...unproven(verdicts, 'size', file.size !== null, 'SIZE_MISMATCH'),
    ...unproven(verdicts, 'archive', true, 'ARCHIVE_UNSAFE'),
  );
  // `archive` may be verified and its findings lost on the way: bytes of which nothing is known are not served.
  if (question.facts.findings === null) codes.push('ARCHIVE_UNSAFE');
  return [...codes.map((code) => firm(code)), ...judgeMetadata(verdicts)];
}

/** Only a comparison that was made, and found a difference, can be waived: never one that nobody made. */
function judgeMetadata(verdicts: readonly Verdict[]): Given[] {
  const disagrees = ({ check, result, code }: Verdict): boolean =>
    check === 'metadata' && result === 'failed' && code === 'METADATA_MISMATCH';
  const others = verdicts.filter((verdict) => !disagrees(verdict));
  if (others.length === verdicts.length) {
    return unproven(verdicts, 'metadata', true, 'METADATA_MISMATCH').map((code) => firm(code));
  }
  const bad = others.filter(({ check, result }) => check === 'metadata' && result !== 'verified');
  return [DISAGREES, ...bad.map(({ code = 'METADATA_MISMATCH' }) => firm(code))];
}

/** Whether the file is the one that was first admitted under its name, version and file name. */
export function judgeFirstDigest(question: ListingQuestion | DownloadQuestion): Given[] {
  const { first } = question.facts;
  const codes: ReasonCode[] = [];
  if (first !== null && !agrees(question.file.digests, first)) {
    codes.push('DIGEST_CHANGED');
  }
  if (question.stage !== 'download') return codes.map((code) => firm(code));
  if (first !== null && (first.sha256 !== question.sha256 || first.sha512 !== question.sha512)) {
    codes.push('DIGEST_CHANGED');
  }
  codes.push(...unproven(question.verdicts, 'first-digest', first !== null, 'DIGEST_CHANGED'));
  return codes.map((code) => firm(code));
}

/** Whether the file is one that its version's pin names. */
export function judgePin(question: ListingQuestion | DownloadQuestion, pin: Pin | null): Given[] {
  const place = pin?.place ?? null;
  const codes: ReasonCode[] = [];
  if (pin !== null && comparePin(pin, question.file.digests) === 'mismatch') codes.push('PIN_MISMATCH');
  if (question.stage !== 'download') return codes.map((code) => firm(code, place));
  if (pin !== null && comparePin(pin, [question.sha256, question.sha512]) !== 'match')
    codes.push('PIN_MISMATCH');
  codes.push(...unproven(question.verdicts, 'pin', pin !== null, 'PIN_MISMATCH'));
  return codes.map((code) => firm(code, place));
}

/** Every declared digest must be the file's: an index that declares two different files says nothing. */
function agrees(declared: readonly Digest[], file: ArtifactDigests): boolean {
  return declared.every((digest) => digest === file.sha256 || digest === file.sha512);
}

/**
 * Nothing where the check was made and each of its verdicts is `verified`. `absent` passes only where there was
 * nothing to check (`due` false); a check without a verdict counts as `unchecked`, so that taking a verdict away
 * can admit nothing.
 */
function unproven(
  verdicts: readonly Verdict[],
  check: CheckName,
  due: boolean,
  code: ReasonCode,
): ReasonCode[] {
  const own = verdicts.filter((verdict) => verdict.check === check);
  if (own.length === 0) return [code];
  const bad = own.filter(({ result }) => result !== 'verified' && (due || result !== 'absent'));
  // The code of `absent` tells of a claim that was not made, which is not what is wrong here.
  return bad.map((verdict) => (verdict.result === 'absent' ? code : (verdict.code ?? code)));
}
