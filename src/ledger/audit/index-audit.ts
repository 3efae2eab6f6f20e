import type { IndexFault } from '../ledger.ts';
import type { ReaderCalls } from '../sqlite/protocol.ts';
import { Thread, threadModule } from '../sqlite/thread.ts';
import type { Findings } from './finding.ts';

/** Comparisons that may be under way: the walk waits for the oldest of more. */
const AT_ONCE = 8;

/**
 * Holds the query index against the entries, in a thread of its own: it takes about as long as all the rest of an audit. An
 * index that cannot be read is told once, and compared no further.
 */
export class IndexAudit {
  readonly #path: string;
  readonly #findings: Findings;
  readonly #underWay: Promise<void>[] = [];
  #thread: Promise<Thread<ReaderCalls>> | null = null;
  #rows = 0;
  #packages = 0;
  #marks = 0;
  #failed = false;

  /** `path`: of the database. */
  constructor(path: string, findings: Findings) {
    this.#path = path;
    this.#findings = findings;
  }

  /** Compares `width` places of a log from `seq` on, at which there are `rows`; resolves when there is room for more. */
  async compare(log: number, base: number, seq: number, width: number, rows: number): Promise<void> {
    if (this.#failed) return;
    this.#rows += rows;
    this.#underWay.push(this.#compare(log, base, seq, seq + width - 1));
    if (this.#underWay.length >= AT_ONCE) await this.#underWay.shift();
  }

  /**
   * Waits for all of it, and compares what is counted over all entries up to `last`, where they are `rows`. Not so where
   * some of them could not be walked (`whole`): what the index has of those would be said to be of none.
   */
  async end(rows: number, last: number, whole: boolean): Promise<void> {
    await Promise.all(this.#underWay.splice(0));
    if (!whole && rows !== this.#rows) {
      this.#findings.note(
        'told',
        'query index',
        { log: null },
        `not compared: the query index of ${rows - this.#rows} entries, as no log that they are in could be read whole`,
      );
      return;
    }
    if (rows > this.#rows)
      this.#findings.problem(
        'extra',
        'database',
        { log: null },
        `the database has ${rows - this.#rows} rows that are in no log that is here`,
      );
    if (this.#failed) return;
    await this.#asked(async (thread) => {
      const faults = await thread.call('indexSurplus', [this.#packages, this.#marks, last]);
      for (const { what } of faults) this.#findings.problem('changed', 'query index', { log: null }, what);
    });
  }

  async close(): Promise<void> {
    const thread = await this.#thread?.catch(() => null);
    await thread?.close();
  }

  async #compare(log: number, base: number, from: number, to: number): Promise<void> {
    await this.#asked(async (thread) => {
      const { faults, packages, marks } = await thread.call('compareIndex', [from, to]);
      this.#packages += packages;
      this.#marks += marks;
      for (const fault of faults) this.#tell(log, base, fault);
    });
  }

  #tell(log: number, base: number, { seq, what }: IndexFault): void {
    const place = seq === null ? { log } : { log, from: seq - base, seq };
    this.#findings.problem('changed', 'query index', place, what);
  }

  /** Never rejects. */
  async #asked(work: (thread: Thread<ReaderCalls>) => Promise<void>): Promise<void> {
    try {
      this.#thread ??= Thread.start<ReaderCalls>(threadModule('reader'), { path: this.#path });
      await work(await this.#thread);
    } catch (error) {
      if (this.#failed) return;
      this.#failed = true;
      const words = error instanceof Error ? error.message : String(error);
      this.#findings.problem(
        'unreadable',
        'query index',
        { log: null },
        `the query index cannot be read: ${words}`,
      );
    }
  }
}
