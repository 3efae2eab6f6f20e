import type { PackageName } from '../../model/artifact.ts';
import { selectionOf } from '../filter.ts';
import type {
  EntryFilter,
  LedgerReader,
  LoggedVersion,
  MemoryReader,
  StatsGroup,
  StatsKey,
  StoredEntry,
} from '../ledger.ts';
import { LedgerError } from '../ledger.ts';
import type { Bounds, ReaderCalls } from './protocol.ts';
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
    let bounds: Bounds | null = await thread.call('bounds', [selection]);
    while (bounds && left > 0) {
      const size = Math.min(PAGE, left);
      const entries: StoredEntry[] = await thread.call('page', [selection, bounds, size, reverse]);
      yield* entries;
      left -= entries.length;
      const last = entries.at(-1);
      if (!last || entries.length < size) return;
      bounds = beyond(bounds, last.seq, reverse);
    }
  }

  async stats(_filter: EntryFilter, _by: StatsKey, _limit: number): Promise<readonly StatsGroup[]> {
    throw new LedgerError('unavailable', 'not yet');
  }

  async versionsOf(_name: string): Promise<readonly LoggedVersion[]> {
    throw new LedgerError('unavailable', 'not yet');
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

/** What is left of the bounds after a page that ended with `seq`. */
function beyond({ from, to }: Bounds, seq: number, reverse: boolean): Bounds | null {
  const rest = reverse ? { from, to: seq - 1 } : { from: seq + 1, to };
  return rest.from <= rest.to ? rest : null;
}
