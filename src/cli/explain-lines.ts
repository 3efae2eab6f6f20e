import type { Decision } from '../model/decision.ts';
import type { ExplainedRule, ExplainedStep, Explanation } from '../policy/explain.ts';
import { printable } from './ledger-line.ts';
import { reasonWords } from './reason-words.ts';

/** `undecided`: nothing is known here of the version's files, and the version by itself is not refused. */
export type ExplainedVerdict = Decision['verdict'] | 'undecided';

/** One file of the version, or the name or the version alone, as it would be decided now. */
export interface ExplainedDecision {
  /** null for the name or version. */
  readonly file: string | null;
  readonly verdict: ExplainedVerdict;
  readonly place: string | null;
  readonly by: Decision['by'];
  readonly eligibleAt: number | null;
  readonly steps: readonly ExplainedStep[];
}

/** What a policy says of a package, and what comes of it; `policy explain --json` is this. */
export interface Explained extends Explanation {
  /** What is known here of the version, in words: when its index was seen, or that it was not. */
  readonly known: string;
  readonly decisions: readonly ExplainedDecision[];
  readonly verdict: ExplainedVerdict;
}

export function explainLines(one: Explained): string[] {
  const { ecosystem, name, version, profile, mode, until, layers, requirements } = one;
  const what = version === null ? name : `${name}@${version}`;
  const lines = [
    `${ecosystem} ${what}, for profile ${profile} (mode ${mode}${until === null ? '' : ` until ${iso(until)}`}; layers ${layers.join(' < ')})`,
    ...allowLines(one),
    ...(one.internal === null ? [] : [`internal: by ${one.internal}; it never comes from outside`]),
    ...one.deny.map((rule) => `deny:    ${ruleText(rule)}`),
    ...one.pins.map(
      ({ version: pinned, place, digests }) => `pin:     ${pinned} (${place}) ${digests.join(' ')}`,
    ),
    ...one.waivers.map(
      ({ version: own, place, lifts, expires, approver }) =>
        `waiver:  ${own} of ${lifts} until ${iso(expires)}, approved by ${approver} (${place})`,
    ),
    ...(one.upstream === null ? [] : [`upstream: ${one.upstream.upstream} (${one.upstream.place})`]),
    'requirements:',
    ...requirements.map(({ key, value, place }) => `  ${key}: ${value} (${place ?? 'default'})`),
    one.known,
    ...one.decisions.flatMap((decision) => decisionLines(decision, version)),
  ];
  return lines.map((line) => printable(line).replaceAll('\n', '\\u000a'));
}

function allowLines({ allow, replaced }: Explained): string[] {
  const [first, ...beaten] = allow;
  if (!first) return ['allow:   no rule has the name'];
  return [
    `allow:   ${ruleText(first)}`,
    ...beaten.map((rule) => `  it beats ${ruleText(rule)}: less specific`),
    ...replaced.map((rule) => `  it replaces ${ruleText(rule)}: of an upper layer`),
  ];
}

function ruleText({ pattern, versions, reaches, place }: ExplainedRule): string {
  const range = versions === null ? 'every version' : versions;
  const not = reaches === false ? ', not this one' : '';
  return `${pattern}, ${range}${not} (${place})`;
}

function decisionLines(
  { file, verdict, place, by, eligibleAt, steps }: ExplainedDecision,
  version: string | null,
): string[] {
  const what = file ?? (version === null ? 'by name' : 'by its version alone');
  const unknown = verdict === 'undecided' ? ': nothing is known of its files here' : '';
  const rule =
    place === null
      ? ''
      : ` by the ${by === 'pin' ? 'pin' : by === 'prefix' ? 'prefix rule' : 'rule'} at ${place}`;
  const ripe = eligibleAt === null ? '' : `; old enough from ${iso(eligibleAt)} on`;
  return [
    `${what}: ${verdict}${unknown}${verdict === 'allow' ? rule : ''}${ripe}`,
    ...steps.flatMap((step, i) => stepLines(step, i + 1)),
  ];
}

function stepLines(
  { step, asks, asked, reasons, observed, waived, warnings }: ExplainedStep,
  number: number,
): string[] {
  const told = [
    ...reasons.map((reason) => `refused: ${reasonWords(reason)}`),
    ...observed.map((reason) => `would be refused, but for mode observe: ${reasonWords(reason)}`),
    ...waived.map(({ code, place }) => `waived: ${code} (${place})`),
    ...warnings.map((reason) => `warning: ${reasonWords(reason)}`),
  ];
  const head = `  ${number}. ${step}: ${asks}`;
  return told.length === 0
    ? [`${head}: ${asked ? 'passed' : 'not asked'}`]
    : [head, ...told.map((line) => `     ${line}`)];
}

function iso(time: number): string {
  const at = new Date(time);
  return Number.isNaN(at.getTime()) ? 'no readable time' : at.toISOString();
}
