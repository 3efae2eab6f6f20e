import { askedUnder } from '../admission/replay.ts';
import type { ChangedCase, ChangedDecision, LedgerDiff, Side } from '../cli/diff-lines.ts';
import { ECOSYSTEMS } from '../ecosystems/all.ts';
import type { Decision } from '../model/decision.ts';
import { runCases } from '../policy/cases/cases.ts';
import { decide } from '../policy/decide.ts';
import type { Policy, PolicySource, Question } from '../policy/policy.ts';
import { type Decided, type History, questionAgain } from './history.ts';

/** Decides all that was decided under both policies, each at the time and with the facts of its entry. */
export function diffDecided(
  before: Policy,
  after: Policy,
  { decided, installs, entries, unreadable }: History,
): LedgerDiff {
  const refused: ChangedDecision[] = [];
  const admitted: ChangedDecision[] = [];
  const unknown: ChangedDecision[] = [];
  const skipped = new Map<string, number>();
  for (const one of decided) {
    const replayed = questionAgain(one);
    if (replayed.question === null) {
      skipped.set(replayed.why, (skipped.get(replayed.why) ?? 0) + 1);
      continue;
    }
    const { question } = replayed;
    const was = decide(before, one.profile, askedUnder(before, one.profile, question));
    const is = decide(after, one.profile, askedUnder(after, one.profile, question));
    if (was.verdict === is.verdict) continue;
    const changed = changedOf(one, was, is);
    const asWas = unseen(question, was, replayed.incomplete);
    if (is.verdict === 'allow') (asWas ? unknown : admitted).push(changed);
    else (unseen(question, is, replayed.incomplete) ? unknown : refused).push(changed);
  }
  const skippedNumber = [...skipped.values()].reduce((sum, count) => sum + count, 0);
  return {
    entries,
    installs,
    refused: refused.sort(byUse),
    admitted: admitted.sort(byUse),
    unknown: unknown.sort(byUse),
    decided: decided.length - skippedNumber,
    skipped,
    unreadable,
  };
}

/** Runs the new policy's cases under both. Throws PolicyError where a case cannot be read. */
export function diffCases(before: Policy, after: Policy, cases: readonly PolicySource[]): ChangedCase[] {
  const schemes = ECOSYSTEMS.map((one) => one.versions);
  // One by one, in the order of the files: several may stand in one line.
  const was = runCases(before, cases, schemes);
  return runCases(after, cases, schemes).flatMap((result, i) => {
    const { place, subject, why, expected, got } = result;
    const earlier = was[i]?.got;
    if (earlier === undefined || earlier === got) return [];
    return [{ place, subject, why, expected, before: earlier, after: got }];
  });
}

/**
 * Whether a refusal rests on nothing but evidence that was not looked at, or for which its entry had no room: the
 * artifact's own request would look.
 */
function unseen(question: Question, { verdict, reasons }: Decision, incomplete: boolean): boolean {
  if (verdict === 'allow' || question.stage !== 'download') return false;
  const looked = new Set(question.evidence.map(({ check }) => check));
  return reasons.every(
    ({ detail }) =>
      detail !== undefined && (incomplete || (!looked.has(detail.check) && detail.cause === undefined)),
  );
}

function changedOf(one: Decided, was: Decision, is: Decision): ChangedDecision {
  const { profile, ecosystem, name, version, file, installs, refusals, agents } = one;
  return {
    profile,
    ecosystem,
    name,
    version,
    file,
    before: sideOf(was),
    after: sideOf(is),
    installs,
    refusals,
    agents: agents.size,
  };
}

function sideOf({ verdict, reasons, place }: Decision): Side {
  const said = reasons.find((reason) => reason.place !== null)?.place ?? place;
  return { verdict, codes: reasons.map(({ code }) => code), place: said };
}

/** What concerns most people first. */
function byUse(a: ChangedDecision, b: ChangedDecision): number {
  return (
    b.installs - a.installs ||
    b.refusals - a.refusals ||
    (a.name < b.name ? -1 : a.name > b.name ? 1 : 0) ||
    ((a.file ?? '') < (b.file ?? '') ? -1 : 1)
  );
}
