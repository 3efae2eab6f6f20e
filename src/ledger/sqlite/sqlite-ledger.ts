import { isMarkedAsUntransferable } from 'node:worker_threads';
import { CachedMemory } from '../cached-memory.ts';
import { entryBytes, leafHash } from '../canonical.ts';
import type {
  CarriedFile,
  EntryDraft,
  EntryFilter,
  FirstDigest,
  Ledger,
  LoggedVersion,
  Receipt,
  StatsGroup,
  StatsKey,
  StoredEntry,
} from '../ledger.ts';
import { LedgerError } from '../ledger.ts';
import type { Release } from '../lock.ts';
import type { LogStore } from '../published/log-store.ts';
import type { PreparedEntry, WriterCalls } from './protocol.ts';
import type { SqliteReader } from './sqlite-reader.ts';
import type { Thread } from './thread.ts';

/** The embedded ledger: entries are made here, made durable by the writer thread, and read by reader threads. */
export class SqliteLedger implements Ledger {
  readonly memory: CachedMemory;
  readonly store: LogStore;
  readonly #writer: Thread<WriterCalls>;
  readonly #reader: SqliteReader;
  readonly #release: Release;
  #failing = false;

  constructor(writer: Thread<WriterCalls>, reader: SqliteReader, release: Release) {
    this.#writer = writer;
    this.#reader = reader;
    this.#release = release;
    this.store = this.#logStore();
    this.memory = new CachedMemory(reader.memory, {
      sawIndex: (index, files) => {
        const bytes = files && ownBuffer(files);
        return this.#write('sawIndex', [index, bytes], bytes ? [bytes.buffer] : []);
      },
      inspected: (file) => this.#write('inspected', [file]),
      evidenced: (artifact, outcome) => this.#write('evidenced', [artifact, outcome]),
      learnFileOrigin: (sourceId, origin) => this.#write('learnFileOrigin', [sourceId, origin]),
    });
  }

  #logStore(): LogStore {
    return {
      logs: () => this.#writer.call('logs', []),
      sealedHead: (log, size) => this.#writer.call('sealedHead', [log, size]),
      headAt: (log, size) => this.#writer.call('headAt', [log, size]),
      lastSeq: () => this.#writer.call('lastSeq', []),
      seal: (head) => this.#write('seal', [head]),
      openLog: async (row, first) => {
        if (first === null) return this.#write('openLog', [row, null]).then(() => null);
        const entry = prepare(first);
        const written = await this.#write('openLog', [row, entry]);
        return written && { seq: written.seq, leaf: entry.leaf };
      },
      withdraw: async (log, minimum, draft) => {
        const entry = prepare(draft);
        const { seq } = await this.#write('withdraw', [log, minimum, entry]);
        return { seq, leaf: entry.leaf };
      },
      clearWithdrawn: (count) => this.#write('clearWithdrawn', [count]),
    };
  }

  async append(draft: EntryDraft, first?: FirstDigest, carried?: CarriedFile): Promise<Receipt> {
    const entry = prepare(draft);
    let [remembered, placed] = [true, true];
    try {
      const written = await this.#write('append', [entry, first ?? null, carried ?? null]);
      ({ remembered, placed } = written);
      return { seq: written.seq, leaf: entry.leaf };
    } finally {
      if (first && remembered) this.memory.forget(first.artifact);
      if (carried && remembered) this.memory.forget(carried.artifact);
      if (placed) this.memory.forgetPlaces();
    }
  }

  query(filter: EntryFilter): AsyncIterable<StoredEntry> {
    return this.#reader.query(filter);
  }

  stats(filter: EntryFilter, by: StatsKey, limit: number): Promise<readonly StatsGroup[]> {
    return this.#reader.stats(filter, by, limit);
  }

  versionsOf(name: string): Promise<readonly LoggedVersion[]> {
    return this.#reader.versionsOf(name);
  }

  health(): 'ok' | 'failing' | 'dead' {
    if (!this.#writer.alive) return 'dead';
    return this.#failing ? 'failing' : 'ok';
  }

  async close(): Promise<void> {
    try {
      // The writer is the last connection, so that SQLite can fold the WAL into the database.
      await this.#reader.close();
      await this.#writer.close();
    } finally {
      this.#release();
    }
  }

  async #write<K extends keyof WriterCalls & string>(
    call: K,
    args: Parameters<WriterCalls[K]>,
    transfer: readonly ArrayBuffer[] = [],
  ): Promise<ReturnType<WriterCalls[K]>> {
    try {
      const value = await this.#writer.call(call, args, transfer);
      this.#failing = false;
      return value;
    } catch (error) {
      if (error instanceof LedgerError && error.code === 'unavailable') this.#failing = true;
      throw error;
    }
  }
}

/** The final form of an entry; throws LedgerError `malformed` or `too-large`. */
function prepare(draft: EntryDraft): PreparedEntry {
  const bytes = entryBytes(draft);
  return { bytes, leaf: leafHash(bytes) };
}

/** Bytes in a buffer that can move to another thread: the same where it holds nothing else, else a copy. */
function ownBuffer(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  const { buffer } = bytes;
  const whole = buffer instanceof ArrayBuffer && buffer.byteLength === bytes.byteLength;
  if (whole && !isMarkedAsUntransferable(buffer)) return bytes as Uint8Array<ArrayBuffer>;
  return new Uint8Array(bytes);
}
