import { setTimeout as sleep } from 'node:timers/promises';
import { type LogPlace, loggedEntry, textOf } from '../exports/logged.ts';
import type { EntryFilter, LedgerQueries, StoredEntry } from '../ledger/ledger.ts';
import type { Cursor, CursorFile } from './cursor.ts';
import { shippedLine } from './line.ts';
import { type Message, SendError, type Sender } from './sender.ts';
import type { Target } from './target.ts';

/** Entries of one batch, and bytes of their lines. A batch is all that is held in memory for a target. */
const BATCH = { entries: 500, bytes: 1024 * 1024 } as const;

/** Waits after a failure, ms: from the first they double up to the most, each with jitter. */
const BACKOFF = { first: 1_000, most: 300_000 } as const;

/** What is to be shipped: what is published, and so signed; nothing else can be shown to be in the log. */
export interface Published {
  /** The place behind the last published entry. */
  edge(): number;
  /** The logs that entries are in. */
  logs(): readonly LogPlace[];
}

export interface ShipperParts {
  readonly target: Target;
  readonly sender: Sender;
  readonly cursor: CursorFile;
  readonly ledger: Pick<LedgerQueries, 'query'>;
  readonly published: Published;
  /** Of sallyport. */
  readonly version: string;
  /** Milliseconds since 1970. */
  now(): number;
  /** Something was not taken, for the so manieth time in a row; in words of ours. */
  failed(target: string, problem: string, failures: number, retryIn: number): void;
  /** The cursor could not be used: everything is sent again, from the beginning. */
  restarted(target: string, why: 'damaged' | 'not of this ledger'): void;
  readonly backoff?: { readonly first: number; readonly most: number };
}

/**
 * Sends one target the published entries in their order, each at least once: the place is kept after a batch was taken,
 * so that a batch is sent again where we die in between, and none is left out, whatever fails how long. It runs
 * beside the requests, and what does not get away waits in the ledger, not in memory.
 */
export class Shipper {
  readonly #parts: ShipperParts;
  readonly #stopping = new AbortController();
  #woken = Promise.withResolvers<void>();
  #running: Promise<void> | null = null;
  /** The place of the first entry that was not taken. */
  #next = 0;
  #since: number | null = null;
  #failures = 0;
  #most: number = BATCH.entries;

  constructor(parts: ShipperParts) {
    this.#parts = parts;
  }

  get name(): string {
    return this.#parts.target.name;
  }

  /** Entries that are published and not taken yet. */
  get lag(): number {
    return Math.max(0, this.#parts.published.edge() - this.#next);
  }

  /** Since when the target has taken nothing although there is something, ms since 1970; null where all is well. */
  get stuckSince(): number | null {
    return this.#since;
  }

  /** Rejects where the cursor cannot be read, which is no reason to begin anew. */
  async start(): Promise<void> {
    const { cursor, ledger, restarted } = this.#parts;
    const found = await cursor.read(ledger);
    if (found.lost) restarted(this.name, found.lost);
    this.#next = found.cursor ? found.cursor.seq + 1 : 0;
    this.#running = this.#run();
  }

  /** There may be something new. */
  wake(): void {
    this.#woken.resolve();
  }

  /** Gives up what is under way, at once: it is sent again after the next start. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    this.wake();
    await this.#running;
    await this.#parts.sender.close();
  }

  async #run(): Promise<void> {
    const { signal } = this.#stopping;
    while (!signal.aborted) {
      try {
        if (this.#next >= this.#parts.published.edge()) await this.#woken.promise;
        this.#woken = Promise.withResolvers();
        while (!signal.aborted && this.#next < this.#parts.published.edge()) await this.#shipOne(signal);
      } catch (error) {
        if (signal.aborted) return;
        await sleep(this.#failed(error), undefined, { signal }).catch(() => undefined);
      }
    }
  }

  /** One batch: read, sent, and its place kept. */
  async #shipOne(signal: AbortSignal): Promise<void> {
    const { cursor, sender } = this.#parts;
    const edge = this.#parts.published.edge();
    const { messages, last } = await this.#batch(edge);
    if (messages.length > 0) {
      this.#since ??= this.#parts.now();
      await sender.send(messages, signal);
    }
    // What was passed over needs no sync of its own, but at the edge, where nothing may follow for long.
    if (last && (messages.length > 0 || last.seq >= edge - 1)) await cursor.write(last);
    this.#next = last ? last.seq + 1 : edge;
    this.#since = null;
    this.#failures = 0;
    this.#most = Math.min(BATCH.entries, this.#most * 2);
  }

  async #batch(
    edge: number,
  ): Promise<{ readonly messages: readonly Message[]; readonly last: Cursor | null }> {
    const { target, ledger, published, version } = this.#parts;
    const logs = published.logs();
    const messages: Message[] = [];
    let bytes = 0;
    let last: StoredEntry | null = null;
    const range: EntryFilter = { after: this.#next - 1, before: edge, limit: BATCH.entries };
    for await (const stored of ledger.query(range)) {
      const entry = loggedEntry(stored, logs);
      // Withdrawn from reading: there is nothing of it that could be sent.
      const wanted = entry && (!target.types || target.types.has(textOf(entry.fields, 'type') ?? ''));
      if (wanted) {
        const line = shippedLine(entry, target.format, version);
        if (messages.length > 0 && bytes + line.length > BATCH.bytes) break;
        messages.push({ entry, line });
        bytes += line.length;
      }
      last = stored;
      if (messages.length >= this.#most) break;
    }
    return { messages, last };
  }

  /** Says what failed, and returns how long to wait, ms. */
  #failed(error: unknown): number {
    const { failed, backoff = BACKOFF, now } = this.#parts;
    this.#since ??= now();
    this.#failures += 1;
    const most = Math.min(backoff.most, backoff.first * 2 ** Math.min(this.#failures - 1, 20));
    const retryAfter = error instanceof SendError ? (error.retryAfter ?? 0) : 0;
    // Full jitter above a half, so that targets that failed together do not come back together.
    const wait = Math.max(retryAfter, Math.round(most * (0.5 + Math.random() / 2)));
    if (error instanceof SendError && error.tooMany) this.#most = Math.max(1, Math.floor(this.#most / 2));
    const problem = error instanceof SendError ? error.message : 'the ledger or the cursor failed';
    failed(this.name, problem, this.#failures, wait);
    return wait;
  }
}
