import type { HeadCopy } from './head-copy.ts';
import type { SignedHead } from './known-head.ts';
import type { LogRow } from './published.ts';

/** How long after a failure it is tried again, ms. */
const AGAIN = 10_000;

/** How long a copy may take before that is a failure, ms: the other volume may be a network's. */
const PATIENCE = 30_000;

export interface HeadCopiesParts {
  readonly copy: HeadCopy;
  readonly logs: readonly LogRow[];
  /** Whether our ledger has sealed this head. */
  holds(head: SignedHead): Promise<boolean>;
  /** The copy has a head that ours contradicts. */
  contradicted(head: SignedHead): void;
  failed(error: unknown): void;
}

/** Keeps the copy of the head up to date: one at a time, always the newest; nobody waits for it. */
export class HeadCopies {
  readonly #parts: HeadCopiesParts;
  #next: string | null = null;
  #running: Promise<void> | null = null;
  #timer: NodeJS.Timeout | null = null;
  #closed = false;

  constructor(parts: HeadCopiesParts) {
    this.#parts = parts;
  }

  offer(checkpoint: string): void {
    this.#next = checkpoint;
    this.#go();
  }

  /** Waits for the newest to be copied, a while. */
  async close(): Promise<void> {
    this.#closed = true;
    if (this.#timer) clearTimeout(this.#timer);
    this.#timer = null;
    await within(this.#settled(), PATIENCE).catch(() => undefined);
  }

  async #settled(): Promise<void> {
    this.#go();
    // One that is under way begins the next when it ends.
    while (this.#running) await this.#running;
  }

  #go(): void {
    if (this.#next === null || this.#running || this.#timer) return;
    this.#running = this.#write().finally(() => {
      this.#running = null;
      // Not at once again where it failed: `#timer` is set then.
      this.#go();
    });
  }

  /** Never rejects. */
  async #write(): Promise<void> {
    const { copy, logs, holds } = this.#parts;
    const checkpoint = this.#next;
    this.#next = null;
    if (checkpoint === null) return;
    const work = copy.write(checkpoint, logs, holds);
    try {
      const other = await within(work, PATIENCE);
      if (other) this.#parts.contradicted(other);
    } catch (error) {
      this.#parts.failed(error);
      this.#next ??= checkpoint;
      if (this.#closed) this.#next = null;
      else {
        this.#timer = setTimeout(() => {
          this.#timer = null;
          this.#go();
        }, AGAIN);
        this.#timer.unref();
      }
      // One that hangs is not begun a second time.
      await work.catch(() => undefined);
    }
  }
}

async function within<T>(work: Promise<T>, ms: number): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`it took longer than ${ms} ms`)), ms);
  });
  return Promise.race([work, late]).finally(() => clearTimeout(timer));
}
