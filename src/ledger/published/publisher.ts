import { LedgerError } from '../ledger.ts';
import { signCheckpoint } from '../log/checkpoint.ts';
import { noteBytes, type SignerKey } from '../log/note.ts';
import { parseSignatureLine } from '../log/note-signature.ts';
import type { HeadCopies } from './head-copies.ts';
import { unavailable } from './known-head.ts';
import type { LogStore } from './log-store.ts';
import type { LogThread } from './log-thread.ts';
import type { Head, LogRow } from './published.ts';

/** How often a head is published at most, ms; with what one takes, entries wait for two seconds at most. */
const EVERY = 1_000;

/** How long the entries of one burst are waited for, ms. */
const GATHER = 20;

/** How long after a failure it is tried again, ms. */
const AGAIN = 1_000;

/** After how long without a publication nothing more is taken in, ms, where entries wait for one. */
export const LATE = 60_000;

/** Sizes whose cosignatures are kept beside the newest: witnesses answer when they can. */
const COSIGNED_SIZES = 8;

export interface PublisherParts {
  readonly row: LogRow;
  readonly signer: SignerKey;
  readonly store: LogStore;
  /** Starts the thread of the log's files, resumed at a head. */
  openThread(head: Head | null): Promise<LogThread>;
  /** A thread that has been started so. */
  readonly thread: LogThread;
  /** The newest head that was sealed, and the size of the checkpoint that lies in the log. */
  readonly sealed: Head | null;
  readonly publishedSize: number;
  readonly copies: HeadCopies | null;
  /** Milliseconds since 1970. */
  now(): number;
  /** ms. */
  readonly lateAfter: number;
  /** For the log: nothing of it is secret. */
  failed(what: string, error: unknown): void;
}

interface Waiting {
  readonly seq: number;
  resolve(head: Head): void;
  reject(error: LedgerError): void;
}

/**
 * Publishes what is new, at most once a second: tiles and bundles are durable before the head is sealed, the head is
 * sealed before it is signed, and the checkpoint is written last. A crash anywhere leaves what the next run does again.
 */
export class Publisher {
  readonly #parts: PublisherParts;
  readonly #listeners: ((head: Head, checkpoint: string) => void)[] = [];
  readonly #lines = new Map<number, Set<string>>();
  #thread: LogThread;
  #sealed: Head | null;
  #published: Head | null = null;
  /** The size of the checkpoint that was last handed to the thread. */
  #handed = 0;
  /** The highest entry that was seen, and since when one waits (of a steady clock). */
  #seen = -1;
  #waitingSince: number | null = null;
  #waiting: Waiting[] = [];
  #timer: NodeJS.Timeout | null = null;
  #running: Promise<void> | null = null;
  #begun = Number.NEGATIVE_INFINITY;
  #stopped: LedgerError | null = null;
  #closed = false;

  constructor(parts: PublisherParts) {
    this.#parts = parts;
    this.#thread = parts.thread;
    this.#sealed = parts.sealed;
    if (parts.sealed && parts.sealed.size === parts.publishedSize) this.#published = parts.sealed;
    this.#handed = this.#published?.size ?? 0;
    // What a crash left.
    if (parts.sealed && !this.#published) this.#wait();
  }

  head(): Head | null {
    return this.#published;
  }

  state(): 'ok' | 'late' | 'stopped' {
    if (this.#stopped) return 'stopped';
    return this.waitingFor() * 1000 > this.#parts.lateAfter ? 'late' : 'ok';
  }

  /** For how long something has waited since the last publication, s; 0 where nothing does. */
  waitingFor(): number {
    return this.#waitingSince === null ? 0 : (performance.now() - this.#waitingSince) / 1000;
  }

  onPublished(listener: (head: Head, checkpoint: string) => void): void {
    this.#listeners.push(listener);
  }

  /** An entry is durable in the ledger. */
  appended(seq: number): void {
    if (seq <= this.#seen) return;
    this.#seen = seq;
    if (!this.#covers(seq)) this.#wait();
  }

  published(seq: number): Promise<Head> {
    const head = this.#published;
    if (seq < this.#parts.row.base)
      return Promise.reject(unavailable(`entry ${seq} is in a log that has ended`));
    if (head && this.#covers(seq)) return Promise.resolve(head);
    if (this.#stopped) return Promise.reject(this.#stopped);
    if (this.#closed) return Promise.reject(unavailable('the log is closed'));
    this.#wait();
    return new Promise((resolve, reject) => this.#waiting.push({ seq, resolve, reject }));
  }

  /** Signs nothing more. */
  stop(why: string): void {
    this.#stopped ??= unavailable(why);
    this.#rejectAll(this.#stopped);
  }

  async cosigned(size: number, lines: readonly string[], met: boolean): Promise<void> {
    for (const line of lines) parseSignatureLine(line);
    const head = await this.#parts.store.headAt(this.#parts.row.number, size);
    if (!head) throw unavailable(`no head of ${size} entries was signed`);
    const known = this.#lines.get(size) ?? new Set();
    for (const line of lines) known.add(line);
    this.#lines.set(size, known);
    for (const old of [...this.#lines.keys()].sort((a, b) => b - a).slice(COSIGNED_SIZES))
      this.#lines.delete(old);
    if (this.#closed || this.#stopped) throw this.#stopped ?? unavailable('the log is closed');
    const text = `${this.#sign(head)}${[...known].map((line) => `${line}\n`).join('')}`;
    const files = {
      ...(this.#handed === size && { checkpoint: text }),
      ...(met && { cosigned: text }),
    };
    if (Object.keys(files).length > 0) await this.#thread.call('publish', [files]);
  }

  /** For what is done to the files beside publishing them. */
  get thread(): LogThread {
    return this.#thread;
  }

  async close(): Promise<void> {
    this.#closed = true;
    if (this.#timer) clearTimeout(this.#timer);
    await this.#running;
    if (!this.#stopped && this.#waitingSince !== null) await this.#run();
    this.#rejectAll(unavailable('the log is closed'));
    await this.#parts.copies?.close();
    await this.#thread.close();
  }

  #covers(seq: number): boolean {
    return seq - this.#parts.row.base < (this.#published?.size ?? 0);
  }

  #wait(): void {
    this.#waitingSince ??= performance.now();
    if (this.#timer || this.#running || this.#closed || this.#stopped) return;
    this.#schedule(Math.max(GATHER, this.#begun + EVERY - performance.now()));
  }

  #schedule(delay: number): void {
    this.#timer = setTimeout(() => {
      this.#timer = null;
      this.#running = this.#run().finally(() => {
        this.#running = null;
        if (this.#waitingSince !== null) this.#wait();
      });
    }, delay);
    this.#timer.unref();
  }

  /** Never rejects. */
  async #run(): Promise<void> {
    this.#begun = performance.now();
    try {
      while (!this.#stopped && (await this.#publish()));
    } catch (error) {
      this.#parts.failed('the log could not be published', error);
      // It contradicts itself, and nothing will mend that.
      if (error instanceof LedgerError && error.code === 'conflict') this.stop(error.message);
      this.#begun = performance.now() + AGAIN - EVERY;
    }
  }

  /** Publishes what there is, a bounded part of it. Whether there is more. */
  async #publish(): Promise<boolean> {
    const { row, store, now } = this.#parts;
    const before = this.#published?.size ?? 0;
    const { size, root, more } = await (await this.#living()).call('grow', []);
    if (size > (this.#sealed?.size ?? 0)) {
      const time = now();
      await store.seal({ log: row.number, size, root, time });
      this.#sealed = { log: row.number, origin: row.origin, size, root, time };
    }
    const sealed = this.#sealed;
    // What was learned meanwhile ends it before anything is signed.
    if (this.#stopped) return false;
    if (sealed && sealed.size > before) await this.#checkpoint(sealed);
    const at = performance.now();
    // Entries came meanwhile: they wait from now on, unless nothing moves.
    const waits = more || (this.#seen >= row.base && !this.#covers(this.#seen));
    const moved = (this.#published?.size ?? 0) > before;
    this.#waitingSince = waits ? (moved ? at : (this.#waitingSince ?? at)) : null;
    return more;
  }

  async #checkpoint(head: Head): Promise<void> {
    const checkpoint = this.#sign(head);
    this.#handed = head.size;
    await this.#thread.call('publish', [{ checkpoint }]);
    const before = this.#published?.size ?? this.#parts.publishedSize;
    this.#published = head;
    const covered = this.#waiting.filter(({ seq }) => this.#covers(seq));
    this.#waiting = this.#waiting.filter(({ seq }) => !this.#covers(seq));
    for (const { resolve } of covered) resolve(head);
    this.#parts.copies?.offer(checkpoint);
    for (const listener of this.#listeners) {
      try {
        listener(head, checkpoint);
      } catch (error) {
        this.#parts.failed('a checkpoint was published, and not taken further', error);
      }
    }
    // Nothing waits for this, and nothing is wrong where it fails.
    this.#thread
      .call('tidy', [before, head.size])
      .catch((error: unknown) => this.#parts.failed('old partial tiles could not be removed', error));
  }

  #sign(head: Head): string {
    const { origin, size } = head;
    const root = Buffer.from(head.root, 'hex');
    return noteBytes(signCheckpoint({ origin, size, root, extensions: [] }, this.#parts.signer));
  }

  async #living(): Promise<LogThread> {
    if (this.#thread.alive) return this.#thread;
    await this.#thread.close();
    this.#thread = await this.#parts.openThread(this.#sealed);
    return this.#thread;
  }

  #rejectAll(error: LedgerError): void {
    for (const { reject } of this.#waiting.splice(0)) reject(error);
  }
}
