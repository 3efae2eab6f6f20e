import { diffLines, type PolicyDiff } from '../cli/diff-lines.ts';
import { printable } from '../cli/ledger-line.ts';
import { EXIT, type PolicyDiffOptions } from '../cli/program.ts';
import type { Config } from '../config.ts';
import { comparePolicies } from '../policy/compare.ts';
import { type History, readHistory } from './history.ts';
import { openLedgerIfThere } from './ledger.ts';
import { LedgerFile } from './ledger-file.ts';
import { diffCases, diffDecided } from './replay-diff.ts';
import { RevisionError, readRevision } from './revision.ts';
import { type Since, sinceOf } from './since.ts';
import type { Terminal } from './terminal.ts';

/**
 * What a change of the allowlists admits or refuses anew: over the new one's cases, and over what the ledger has
 * decided since then, each file with the facts and at the time of its newest entry. Reads beside a running server.
 *
 * Exit code 0: nothing is decided differently; 1: something is, or cannot be told; 2: usage; 3: it could not be run.
 */
export async function policyDiff(
  config: Config,
  before: string,
  after: string,
  now: number,
  options: PolicyDiffOptions,
  { print, say }: Terminal,
): Promise<number> {
  const since = sinceOf(options.since, now);
  if (!since) {
    say('sallyport: --since is a time back, such as 30d or 12h, or a date');
    return EXIT.usage;
  }
  try {
    const [was, is] = await Promise.all([
      readRevision(before, config.allowlists),
      readRevision(after, config.allowlists),
    ]);
    const cases = diffCases(was.policy, is.policy, is.cases);
    const history = await historyOf(config, since, options.ledger);
    if (history === null) say('sallyport: there is no ledger: told without what was installed');
    const diff: PolicyDiff = {
      before: { name: was.commit ?? before, digest: was.policy.digest },
      after: { name: is.commit ?? after, digest: is.policy.digest },
      policies: comparePolicies(was.policy, is.policy),
      cases,
      since,
      ledger: history && diffDecided(was.policy, is.policy, history),
    };
    if (options.json) print(jsonOf(diff));
    else for (const line of diffLines(diff)) print(line);
    return differs(diff) ? EXIT.refused : EXIT.ok;
  } catch (error) {
    if (!(error instanceof RevisionError)) throw error;
    say(`sallyport: ${printable(error.message)}`);
    return EXIT.failed;
  }
}

/** null where there is no ledger yet. One that is there and cannot be read is an error, and so is a file of entries. */
async function historyOf(config: Config, since: Since, file: string | undefined): Promise<History | null> {
  if (file !== undefined) {
    return readHistory(new LedgerFile(file), since.at).catch((error: unknown) => {
      const why = error instanceof Error ? error.message : String(error);
      throw new RevisionError(`--ledger ${file} cannot be read: ${why}`);
    });
  }
  const reader = await openLedgerIfThere(config);
  if (!reader) return null;
  try {
    return await readHistory(reader, since.at);
  } finally {
    await reader.close();
  }
}

/** What cannot be told may be a refusal: it is a difference. */
function differs({ cases, ledger }: PolicyDiff): boolean {
  if (cases.length > 0) return true;
  if (ledger === null) return false;
  return ledger.refused.length + ledger.admitted.length + ledger.unknown.length + ledger.unreadable > 0;
}

function jsonOf({ ledger, since, ...diff }: PolicyDiff): string {
  return JSON.stringify({
    ...diff,
    since: new Date(since.at).toISOString(),
    ledger: ledger && { ...ledger, skipped: Object.fromEntries(ledger.skipped) },
  });
}
