import type { Decision, PolicyPlace } from '../model/decision.ts';
import type { ReasonCode } from '../model/reason-codes.ts';
import type { CaseResult } from '../policy/cases/cases.ts';
import type { PolicyDifference } from '../policy/compare.ts';
import { printable } from './ledger-line.ts';

/** What one policy says of a question. */
export interface Side {
  readonly verdict: Decision['verdict'];
  readonly codes: readonly ReasonCode[];
  /** The rule that refuses, or admits. */
  readonly place: PolicyPlace | null;
}

/** Something that the two policies decide differently. */
export interface ChangedDecision {
  readonly profile: string;
  readonly ecosystem: string;
  readonly name: string;
  readonly version: string | null;
  readonly file: string | null;
  readonly before: Side;
  readonly after: Side;
  /** How often it was let through and refused, and for how many agents. */
  readonly installs: number;
  readonly refusals: number;
  readonly agents: number;
}

export interface LedgerDiff {
  /** Entries that were read, and the artifacts among them that were let through. */
  readonly entries: number;
  readonly installs: number;
  readonly refused: readonly ChangedDecision[];
  readonly admitted: readonly ChangedDecision[];
  /** The new policy asks for evidence that nobody looked at then: whether it is there cannot be told. */
  readonly unknown: readonly ChangedDecision[];
  /** Files and names that were decided again. */
  readonly decided: number;
  /** Those of which no question could be made, by the reason. */
  readonly skipped: ReadonlyMap<string, number>;
  /** Lines of a file with a ledger's entries that are none: what they say cannot be told. */
  readonly unreadable: number;
}

export interface ChangedCase {
  readonly place: PolicyPlace;
  readonly subject: string;
  readonly why: string;
  readonly expected: CaseResult['expected'];
  readonly before: CaseResult['got'];
  readonly after: CaseResult['got'];
}

/** All that a change of the policy comes to. */
export interface PolicyDiff {
  readonly before: { readonly name: string; readonly digest: string };
  readonly after: { readonly name: string; readonly digest: string };
  readonly policies: readonly PolicyDifference[];
  readonly cases: readonly ChangedCase[];
  /** From when on, milliseconds since 1970, and in words: `the last 30 days`. */
  readonly since: { readonly at: number; readonly words: string };
  /** null where there is no ledger. */
  readonly ledger: LedgerDiff | null;
}

/** Of a long list so many are told one by one; `--json` has all. */
const SHOWN = 200;

/** What a change of the policy comes to, for people. */
export function diffLines({ policies, cases, since, ledger }: PolicyDiff): string[] {
  const lines: string[] = [];
  lines.push(
    ...section(
      policies.length === 0 ? 'the policies say the same' : 'the policies:',
      policies.map(policyLine),
    ),
  );
  if (cases.length > 0)
    lines.push(...section(`${count(cases.length, 'case')} decided differently:`, cases.map(caseLine)));
  if (ledger === null) return lines.map(printable);
  const { refused, admitted, unknown, skipped, unreadable } = ledger;
  const sum = (list: readonly ChangedDecision[]): number => list.reduce((all, one) => all + one.installs, 0);
  lines.push(
    `of ${possessive(since.words)} ${count(ledger.installs, 'install')}, ${number(sum(refused))} would now be refused${refused.length === 0 ? '' : ':'}`,
    ...indented(refused.map((one) => changedLine(one, one.after))),
  );
  if (admitted.length > 0)
    lines.push(
      ...section(
        `${count(admitted.length, 'file or name')} would now be admitted:`,
        admitted.map((one) => changedLine(one, one.before)),
      ),
    );
  if (unknown.length > 0)
    lines.push(
      ...section(
        `of ${count(unknown.length, 'file')} it cannot be told, because nobody looked at the evidence that is asked for:`,
        unknown.map((one) => changedLine(one, one.after.verdict === 'refuse' ? one.after : one.before)),
      ),
    );
  lines.push('each was decided with what its newest entry recorded, and at its time');
  for (const [why, times] of skipped) lines.push(`${count(times, 'entry')} not decided again: ${why}`);
  if (unreadable > 0)
    lines.push(
      `${count(unreadable, 'line')} passed over: no entries as "sallyport ledger list --json" prints them`,
    );
  return lines.map(printable);
}

function section(title: string, lines: readonly string[]): string[] {
  return [title, ...indented(lines)];
}

function indented(lines: readonly string[]): string[] {
  const rest = lines.length - SHOWN;
  const told = lines.slice(0, SHOWN).map((line) => `  ${line}`);
  return rest > 0 ? [...told, `  and ${number(rest)} more: --json has all`] : told;
}

/** `- allow npm express: >=4 (npm.yaml:12)`, and below it what stands there now. */
function policyLine({ profile, ecosystem, kind, subject, before, after, place }: PolicyDifference): string {
  const what = [profile, ecosystem, kind, subject].filter((part) => part !== null && part !== '').join(' ');
  const where = place === null ? '' : ` (${place})`;
  if (before === null) return `+ ${what}: ${after}${where}`;
  if (after === null) return `- ${what}: ${before}${where}`;
  return `~ ${what}: ${before} -> ${after}${where}`;
}

function caseLine({ place, subject, before, after, expected, why }: ChangedCase): string {
  const right = after === expected ? '' : `; expected ${expected}`;
  return `${place}: ${subject}: ${before} -> ${after}${right} (${why})`;
}

function changedLine(one: ChangedDecision, { codes, place }: ChangedDecision['after']): string {
  const { ecosystem, name, version, file, profile, installs, refusals, agents } = one;
  const what = version === null ? `${ecosystem} ${name}, by name` : `${ecosystem} ${name}@${version}`;
  const which = ecosystem === 'npm' || file === null ? '' : ` ${file}`;
  const often = installs > 0 ? count(installs, 'install') : `refused ${count(refusals, 'time')}`;
  const where = place === null ? '' : ` (${place})`;
  return `${what}${which} [${codes.join(', ')}]${where}: ${often} by ${count(agents, 'agent')}${profile === 'default' ? '' : `, profile ${profile}`}`;
}

/** `the last 30 days'`, `the last day's` */
function possessive(words: string): string {
  return words.endsWith('s') ? `${words}'` : `${words}'s`;
}

function count(times: number, word: string): string {
  const plural = word === 'entry' ? 'entries' : word === 'file or name' ? 'files or names' : `${word}s`;
  return `${number(times)} ${times === 1 ? word : plural}`;
}

function number(value: number): string {
  return value.toLocaleString('en-US');
}
