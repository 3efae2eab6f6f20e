import { hash } from 'node:crypto';
import { NEXT_RETENTION, readRetention } from '../published/retention.ts';
import type { AuditSource } from './audit-source.ts';
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

  /** Holds what a log lacks against it, and the written policy as it lies beside the log. */
  async check(
    log: number,
    walked: Walked,
    source: AuditSource,
    hasDatabase: boolean,
    findings: Findings,
  ): Promise<void> {
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
    const written = await source.read('retention');
    const fits = (bytes: Uint8Array | null) => {
      const read = bytes && readRetention(Buffer.from(bytes).toString('utf8'));
      return read !== null && read.minimum >= below && digestOf(read.policy) === policy;
    };
    // A server that ended between the entry and the file has the policy beside it: the next start puts it in force.
    if (fits(written) || fits(await source.read(NEXT_RETENTION))) return;
    if (written === null)
      findings.problem(
        'missing',
        'retention',
        { log },
        'entries are withdrawn, and no written policy lies beside the log',
      );
    else
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
