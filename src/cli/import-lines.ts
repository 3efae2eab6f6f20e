import { printable } from './ledger-line.ts';

/** What an import did, as `--json` prints it. Subjects are `npm left-pad@1.3.0`; of rules `npm left-pad`. */
export interface ImportReport {
  /** Below the allowlists folder. */
  readonly file: string;
  readonly profile: string;
  /** No other file speaks for the profile: it is a new one, or a slip of the pen. */
  readonly newProfile: boolean;
  readonly as: 'pins' | 'rules';
  readonly written: boolean;
  /** The file says the same already. */
  readonly unchanged: boolean;
  readonly lockfiles: readonly {
    readonly format: string;
    readonly digest: string;
    readonly packages: number;
  }[];
  /** Pins or rules of the file. */
  readonly count: number;
  readonly added: readonly string[];
  readonly changed: readonly { readonly subject: string; readonly before: string; readonly after: string }[];
  readonly gone: readonly string[];
  /** Pins whose digests are the index's: the lockfile has none that fits. */
  readonly fromIndex: readonly string[];
  readonly flags: readonly {
    readonly code: string;
    readonly package: string | null;
    readonly version: string | null;
    readonly line: number | null;
    readonly words: string;
    readonly fails: boolean;
  }[];
  /** What runs code of its own and waits for somebody's approval. */
  readonly review: readonly { readonly package: string; readonly lifts: string }[];
  /** Waivers of the file before whose version is not locked any more. */
  readonly endedWaivers: readonly string[];
  /** Why nothing was written: above all, the allowlists would not load with the file. */
  readonly problems: readonly string[];
}

const ENOUGH = 20;

/** The same for people: what changes on stdout, what to look at on stderr. */
export const importLines = {
  fault: (message: string): string[] => [`sallyport: ${oneLine(message)}`],

  report(
    report: ImportReport,
    dryRun: boolean,
  ): { readonly data: readonly string[]; readonly words: readonly string[] } {
    const { as, added, changed, gone, flags, review, problems } = report;
    const fromIndex = new Set(report.fromIndex);
    const whose = (subject: string): string => (fromIndex.has(subject) ? ', the digest from the index' : '');
    const data = [
      ...added.map((subject) => `new     ${subject}${whose(subject)}`),
      ...changed.map(
        ({ subject }) => `changed ${subject}: another ${as === 'pins' ? 'digest' : 'range'}${whose(subject)}`,
      ),
      ...gone.map((subject) => `gone    ${subject}`),
    ];
    const words = [
      ...(report.newProfile
        ? [
            `note: no other file speaks for profile ${report.profile}: it extends nothing, so that the denials and requirements of other profiles do not hold for it`,
          ]
        : []),
      ...flags.map(({ package: name, version, line, words: said, fails }) => {
        const what = name === null ? '' : `${version === null ? name : `${name}@${version}`} `;
        const where = line === null ? '' : ` (line ${line})`;
        return `${fails ? 'LOOK' : 'note'}: ${what}${said}${where}`;
      }),
      ...review.map(
        ({ package: name, lifts }) =>
          `to review: ${name} needs ${lifts}; a waiver is written for it, as a comment`,
      ),
      ...report.endedWaivers
        .slice(0, ENOUGH)
        .map((subject) => `a waiver is gone with ${subject}, which is not locked any more`),
      ...problems.slice(0, ENOUGH),
      closing(report, dryRun),
    ];
    return { data: data.map(oneLine), words: words.map(oneLine) };
  },
};

function closing(report: ImportReport, dryRun: boolean): string {
  const { as, file, count, added, changed, gone, problems, flags } = report;
  const fails = flags.filter((one) => one.fails).length;
  const left = fails > 0 ? `; ${fails} to look at` : '';
  const number = (n: number) => n.toLocaleString('en-US');
  const these = `${number(count)} ${count === 1 ? as.slice(0, -1) : as}`;
  if (problems.length > 0) return `nothing was written: ${file} stays as it was${left}`;
  if (report.unchanged)
    return `nothing to do: ${file} has ${count === 1 ? 'this' : 'these'} ${these} already${left}`;
  const delta = `${number(added.length)} new, ${number(changed.length)} changed, ${number(gone.length)} gone`;
  return `${dryRun ? `${file} would have` : `${file}:`} ${these}, ${delta}${left}`;
}

function oneLine(text: string): string {
  return printable(text).replaceAll('\n', '\\u000a');
}
