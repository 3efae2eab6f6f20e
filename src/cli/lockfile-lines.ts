import type { ReasonCode } from '../model/reason-codes.ts';
import { printable } from './ledger-line.ts';

/** A reason code, or what is wrong with the lockfile itself. */
export type LockedCode = ReasonCode | 'LOCKED_DIGEST' | 'LOCKED_ADDRESS' | 'NOT_FROM_REGISTRY';

/** What would be decided for one package of a lockfile: a line of `check LOCKFILE --json`. */
export interface LockedChecked {
  readonly ecosystem: string;
  readonly package: string;
  readonly version: string;
  /** Line of the lockfile, where its format's reader knows it. */
  readonly line: number | null;
  readonly verdict: 'allow' | 'refuse';
  readonly codes: readonly LockedCode[];
  /** Each reason in our words: they follow `name@version`. */
  readonly words: readonly string[];
  readonly place: string | null;
  /** When it is old enough, ms since 1970; null where age is not all that it lacks. */
  readonly eligibleAt: number | null;
  /** The version that would be admitted instead; its own, where only what the lockfile says of it is wrong. */
  readonly nearest: string | null;
  /**
   * What would be, where `nearest` is null: no version (`none`), this one with a rule or a pin for its name (`rule`), or
   * with a pin (`pin`). null where nobody knows, and for what is admitted.
   */
  readonly instead: 'none' | 'rule' | 'pin' | null;
  readonly notes: readonly string[];
}

/** The last line of a lockfile. */
export interface LockfileSummary {
  readonly lockfile: string;
  readonly format: string;
  readonly packages: number;
  readonly admitted: number;
  readonly refused: number;
  /** Notes on what could not be decided. */
  readonly undecided: number;
  readonly notes: readonly {
    readonly line: number | null;
    readonly what: string;
    readonly harmless?: true;
  }[];
}

const INSTEAD = {
  none: 'no version is admitted instead',
  rule: 'a rule or a pin would admit it',
  pin: 'a pin would admit it',
} as const;

const number = (n: number) => n.toLocaleString('en-US');

/** The same for people: what is admitted without more to say is counted, and not listed. */
export const lockfileLines = {
  /** What this answer does not cover. */
  limits:
    'decided by names, indexes and what is remembered; evidence as it is claimed, and no bytes: each is verified when it is installed',

  fault: (message: string): string[] => [oneLine(`sallyport: ${message}`)],

  package(this: void, checked: LockedChecked): string[] {
    const what = `${checked.ecosystem} ${checked.package}@${checked.version}`;
    if (checked.verdict === 'allow')
      return checked.notes.length === 0 ? [] : [oneLine(`allow  ${what}: ${checked.notes.join('; ')}`)];
    const { words, place, line, eligibleAt, nearest, version } = checked;
    const where = [place, line === null ? null : `line ${line}`].filter((one) => one !== null);
    const other = checked.instead === null ? null : INSTEAD[checked.instead];
    const same = nearest === version ? ', as its registry has it' : '';
    const instead = [
      eligibleAt === null ? null : `admitted from ${new Date(eligibleAt).toISOString()} on`,
      nearest === null ? other : `admitted instead: ${nearest}${same}`,
    ].filter((one) => one !== null);
    const tail = `${where.length > 0 ? ` (${where.join(', ')})` : ''}${instead.length > 0 ? `; ${instead.join('; ')}` : ''}`;
    return [oneLine(`refuse ${what}: it ${words.join('; it ')}${tail}`)];
  },

  note: (line: number | null, what: string): string =>
    oneLine(`note: ${what}${line === null ? '' : ` (line ${line})`}`),

  summary: ({ lockfile, packages, admitted, refused, undecided }: LockfileSummary): string => {
    const open = undecided > 0 ? `; ${number(undecided)} to look at` : '';
    return oneLine(
      `${lockfile}: ${number(packages)} ${packages === 1 ? 'package' : 'packages'}: ${number(admitted)} admitted, ${number(refused)} refused${open}`,
    );
  },
};

function oneLine(text: string): string {
  return printable(text).replaceAll('\n', '\\u000a');
}
