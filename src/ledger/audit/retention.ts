import { hash } from 'node:crypto';
import { readRetention } from '../published/retention.ts';
import type { ReadEntry } from './entry-form.ts';
import type { Findings } from './finding.ts';
import type { Walked } from './log-walk.ts';

/** What an entry says is withdrawn from reading. */
interface Withdrawal {
  readonly below: number;
  readonly policy: string;
}

/**
 * Entries may be withdrawn from reading, from the first on, as far as an entry says, and under the written policy that it
 * names. Whatever else cannot be read is lost.
 */
export class Retention {
  readonly #allowed = new Map<number, Withdrawal>();

  visit(entry: ReadEntry | null): void {
    if (entry?.['type'] !== 'admin' || entry['code'] !== 'entries-withdrawn') return;
    const { log, below, policy } = entry;
    if (typeof log !== 'number' || typeof below !== 'number' || typeof policy !== 'string') return;
    const before = this.#allowed.get(log)?.below ?? 0;
    if (below >= before) this.#allowed.set(log, { below, policy });
  }

  /** Holds what a log lacks against it. `written`: the policy as it lies beside the log, null where none does. */
  check(
    log: number,
    walked: Walked,
    written: Uint8Array | null,
    hasDatabase: boolean,
    findings: Findings,
  ): void {
    const { below = 0, policy = null } = this.#allowed.get(log) ?? {};
    const lost = (to: number, copy: 'bundle' | 'database', what: string) => {
      if (to > below)
        findings.problem(
          'missing',
          copy,
          { log, from: below, to: to - 1 },
          `${what} not there, and no entry says that these entries are withdrawn`,
        );
    };
    lost(walked.withoutBundle, 'bundle', 'the bundles are');
    if (hasDatabase) lost(walked.withoutBytes, 'database', "the rows' bytes are");
    if (below === 0) return;
    findings.note(
      'told',
      'retention',
      { log, from: 0, to: below - 1 },
      'these entries are withdrawn from reading',
    );
    if (written === null) {
      findings.problem(
        'missing',
        'retention',
        { log },
        'entries are withdrawn, and no written policy lies beside the log',
      );
      return;
    }
    const read = readRetention(Buffer.from(written).toString('utf8'));
    // It is written before the entry: a server that ended between the two may say more than it withdrew.
    if (!read || read.minimum < below || digestOf(read.policy) !== policy)
      findings.problem(
        'changed',
        'retention',
        { log, path: 'retention' },
        'the written policy is not the one under which entries were withdrawn',
      );
  }
}

function digestOf(text: string): string {
  return `sha256:${hash('sha256', text, 'hex')}`;
}
