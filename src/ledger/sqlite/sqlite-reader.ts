import type { PackageName } from '../../model/artifact.ts';
import { selectionOf } from '../filter.ts';
import type {
  EntryFilter,
  IndexFault,
  LedgerReader,
  LoggedVersion,
  MemoryReader,
  StatsGroup,
  StatsKey,
  StoredEntry,
} from '../ledger.ts';
import { LedgerError } from '../ledger.ts';
import type { Bounds, Plan } from './plan.ts';
import type { Page, ReaderCalls } from './protocol.ts';
import { Thread, threadModule } from './thread.ts';

/** Entries that are read at once: a long query holds neither a lock nor much memory. */
const PAGE = 256;

/**
 * Looking things up, by two threads: memory, which every download asks, never waits behind a long query. The
 * thread for queries is started by the first one.
 */
export class SqliteReader implements LedgerReader {
  readonly memory: MemoryReader;
  readonly #path: string;
  readonly #lookups: Thread<ReaderCalls>;
  #queries: Promise<Thread<ReaderCalls>> | null = null;
  #closed = false;

  static async open(path: string): Promise<SqliteReader> {
    return new SqliteReader(path, await startReader(path));
  }

  private constructor(path: string, lookups: Thread<ReaderCalls>) {
    this.#path = path;
    this.#lookups = lookups;
    this.memory = {
      lastIndex: (id) => lookups.call('lastIndex', [id]),
      packageFacts: (id) => lookups.call('packageFacts', [id]),
      fileFacts: (id, filename) => lookups.call('fileFacts', [id, filename]),
      artifactBy: (digest) => lookups.call('artifactBy', [digest]),
      placesTaken: (profile, id, places) => lookups.call('placesTaken', [profile, id, places]),
      fileOrigins: (sourceId) => lookups.call('fileOrigins', [sourceId]),
      // Only canonical names were ever written.
      knownNames: async (ecosystem) => (await lookups.call('knownNames', [ecosystem])) as PackageName[],
    };
  }

  /** Entries that are in the log when the first is asked for; those that come meanwhile are not waited for. */
  async *query(filter: EntryFilter): AsyncIterable<StoredEntry> {
    const selection = selectionOf(filter);
    const reverse = filter.reverse ?? false;
    let left = filter.limit ?? Number.POSITIVE_INFINITY;
    const thread = await this.#queryThread();
    const plan: Plan | null = await thread.call('plan', [selection]);
    let rest: Bounds | null = plan && { from: plan.from, to: plan.to };
    while (plan && rest && left > 0) {
      const page: Page = await thread.call('page', [plan, rest, Math.min(PAGE, left), reverse]);
      yield* page.entries;
      left -= page.entries.length;
      rest = page.rest;
    }
  }

  async stats(filter: EntryFilter, by: StatsKey, limit: number): Promise<readonly StatsGroup[]> {
    selectionOf({ limit });
    const selection = selectionOf(filter);
    return (await this.#queryThread()).call('stats', [selection, by, limit]);
  }

  async versionsOf(name: string): Promise<readonly LoggedVersion[]> {
    const selection = selectionOf({ package: name, versions: [] });
    return (await this.#queryThread()).call('versionsOf', [selection]);
  }

  async *indexFaults(): AsyncIterable<IndexFault> {
    const thread = await this.#queryThread();
    const last = await thread.call('lastEntry', []);
    let packages = 0;
    let marks = 0;
    for (let from = 0; from <= last; from += PAGE) {
      const to = Math.min(last, from + PAGE - 1);
      const part = await thread.call('compareIndex', [from, to]);
      yield* part.faults;
      packages += part.packages;
      marks += part.marks;
    }
    yield* await thread.call('indexSurplus', [packages, marks, last]);
  }

  async close(): Promise<void> {
    this.#closed = true;
    const queries = await this.#queries?.catch(() => null);
    await Promise.all([this.#lookups.close(), queries?.close()]);
  }

  #queryThread(): Promise<Thread<ReaderCalls>> {
    if (this.#closed) return Promise.reject(new LedgerError('unavailable', 'the ledger is closed'));
    if (!this.#queries) {
      const starting = startReader(this.#path);
      this.#queries = starting;
      // A start that failed is tried again by the next query.
      starting.catch(() => {
        this.#queries = null;
      });
    }
    return this.#queries;
  }
}

function startReader(path: string): Promise<Thread<ReaderCalls>> {
  return Thread.start<ReaderCalls>(threadModule('reader'), { path });
}
