import { askedUnder } from '../admission/replay.ts';
import type { LedgerReader } from '../ledger/ledger.ts';
import { decide } from '../policy/decide.ts';
import type { DownloadQuestion, Policy } from '../policy/policy.ts';
import type { ObservedFile } from '../policy/propose/propose.ts';
import { questionAgain, readHistory } from './history.ts';

/** Something that mode observe let through. */
export interface Installed {
  readonly question: DownloadQuestion;
  readonly file: ObservedFile;
}

export interface Observed {
  /** What the policy refuses as it stands, but for its mode. */
  readonly refused: readonly Installed[];
  /** How many installs there were in mode observe, of all files. */
  readonly installs: number;
  /** Files of which nothing can be said, by the reason. */
  readonly skipped: ReadonlyMap<string, number>;
}

/**
 * What a profile was served in mode observe since an instant, decided again under `policy`, which enforces: so that a
 * name that was added since is no matter any more, and one whose rule went is one again.
 */
export async function readObserved(
  reader: Pick<LedgerReader, 'query'>,
  policy: Policy,
  profile: string,
  since: number,
): Promise<Observed> {
  const { decided, installs } = await readHistory(
    reader,
    since,
    (entry) => entry['profile'] === profile && entry['mode'] === 'observe' && entry['verdict'] === 'allow',
  );
  const refused: Installed[] = [];
  const skipped = new Map<string, number>();
  for (const one of decided) {
    const { question, ...replayed } = questionAgain(one);
    if (question?.stage !== 'download') {
      const why = 'why' in replayed ? replayed.why : 'it has no verdicts on its bytes';
      skipped.set(why, (skipped.get(why) ?? 0) + 1);
      continue;
    }
    const decision = decide(policy, profile, askedUnder(policy, profile, question));
    if (decision.verdict === 'allow') continue;
    const { ecosystem, name, file, sha256, sha512 } = question;
    const about = { ecosystem, name, version: file.version, file: file.filename, sha256, sha512 };
    const use = { installs: one.installs, agents: one.agents };
    refused.push({ question, file: { ...about, reasons: decision.reasons, ...use } });
  }
  return { refused, installs, skipped };
}
