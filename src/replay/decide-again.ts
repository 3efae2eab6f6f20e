import { modeOf } from '../admission/record.ts';
import { questionOf } from '../admission/replay.ts';
import { ECOSYSTEMS } from '../ecosystems/all.ts';
import { reasonTold } from '../ledger/entry-decision.ts';
import type { Decision, Reason } from '../model/decision.ts';
import { decide } from '../policy/decide.ts';
import { pinnedDigests } from '../policy/pins.ts';
import type { DownloadQuestion, Policy } from '../policy/policy.ts';
import { checkDigests } from '../verify/integrity.ts';
import { inspectionVerdicts } from '../verify/verdicts.ts';
import { type Findings, Found } from './findings.ts';

/** An entry of type `decision`, as it was parsed: its question is read strictly, and what it answered is compared. */
export type Entry = Readonly<Record<string, unknown>>;

/** What the entry says, and what comes of it under the same policy, at the same time, from the same facts. */
export interface DecidedAgain extends Findings {
  readonly decision: Decision | null;
}

const SCHEMES = ECOSYSTEMS.map((one) => one.versions);

/** `policy` is the one that the entry names. */
export function decideAgain(entry: Entry, policy: Policy): DecidedAgain {
  const found = new Found();
  const replayed = questionOf(entry, SCHEMES);
  const { question } = replayed;
  if (question === null) {
    found.undecided.push(`it cannot be decided again: ${replayed.why}`);
    return { ...found, decision: null };
  }
  const profile = textOf(entry, 'profile') ?? '';
  const decision = decide(policy, profile, question);
  // Details of evidence take room in an entry, which it may not have had.
  const told = (reasons: readonly Reason[]) => toldOf(reasons, replayed.incomplete);
  const said = (field: string) => saidOf(entry[field], replayed.incomplete);
  found.compare('verdict', entry['verdict'], decision.verdict);
  found.compare('reasons', said('reasons'), told(decision.reasons));
  found.compare('observed', said('observed'), told(decision.observed));
  found.compare('warnings', said('warnings'), told(decision.warnings));
  found.compare(
    'waived',
    entry['waived'],
    decision.waived.length > 0 ? decision.waived.map(({ code, place }) => ({ code, place })) : null,
  );
  found.compare('place', entry['place'], decision.place);
  found.compare('by', entry['by'], decision.by);
  found.compare('eligibleAt', entry['eligibleAt'], decision.eligibleAt);
  found.compare('mode', entry['mode'], modeOf(policy, profile, question.now));
  if (question.stage === 'download') found.take(checkedAgain(entry, question, policy, profile));
  if (entry['nearestAllowed'] !== undefined)
    found.notes.push(
      'what would have been admitted instead is of the whole index, and was not looked for again',
    );
  if (replayed.incomplete)
    found.notes.push('the entry had no room for all of its evidence: what is missing can only refuse');
  return { ...found, decision };
}

/** The verdicts on the bytes that follow from what the entry itself has: digests, size, findings. */
function checkedAgain(entry: Entry, question: DownloadQuestion, policy: Policy, profile: string): Findings {
  const found = new Found();
  const { ecosystem, name, file, facts, verdicts, sha256, sha512 } = question;
  const size = entry['size'];
  if (typeof size !== 'number') {
    found.undecided.push('it has verdicts on bytes, and not their size');
    return found;
  }
  // Another was admitted first between these verdicts and the entry, which has that one's digests.
  const raced = verdicts.some(({ check, result }) => check === 'first-digest' && result === 'absent');
  const again = checkDigests(
    { sha256, sha512, size },
    {
      declared: file.digests,
      size: file.size,
      pin: pinnedDigests(policy, profile, ecosystem, name, file.version),
      first: raced && entry['verdict'] === 'refuse' ? null : facts.first,
    },
  );
  // What failed its digest or its size was not taken apart.
  const examined = !verdicts.some(({ check, code }) => check === 'archive' && isOfDigests(code));
  const all = examined
    ? [...again, ...inspectionVerdicts({ findings: facts.findings ?? [], metadata: new Uint8Array() })]
    : again;
  for (const verdict of all) {
    const then = verdicts.filter(({ check }) => check === verdict.check);
    found.compare(`check ${verdict.check}`, then, [verdict]);
  }
  return found;
}

function isOfDigests(code: string | undefined): boolean {
  return code === 'DIGEST_MISMATCH' || code === 'SIZE_MISMATCH';
}

function toldOf(reasons: readonly Reason[], bare: boolean): unknown {
  return saidOf(reasons.length > 0 ? reasons.map(reasonTold) : null, bare);
}

/** As it stands in an entry; `bare`: without details. */
function saidOf(reasons: unknown, bare: boolean): unknown {
  if (!bare || !Array.isArray(reasons)) return reasons;
  return reasons.map((reason: unknown) => {
    if (typeof reason !== 'object' || reason === null) return reason;
    const { detail: _, ...rest } = reason as Record<string, unknown>;
    return rest;
  });
}

function textOf(entry: Entry, field: string): string | null {
  const value = entry[field];
  return typeof value === 'string' ? value : null;
}
