import { open, rm } from 'node:fs/promises';
import { Layout } from './vault/layout.ts';

/** How often work is tried anew at most, ms. */
const EVERY = 10_000;

/** How long somebody who asks waits for work that is under way, ms; later it counts as failed until it ends. */
const PATIENCE = 2_000;

/**
 * Whether some work succeeds, tried only when somebody asks, and not more often than every ten seconds. Work that
 * hangs is not begun a second time.
 */
export class Probe {
  readonly #work: () => Promise<unknown>;
  readonly #now: () => number;
  readonly #failed: (error: unknown) => void;
  #running: Promise<void> | null = null;
  #begun: number | null = null;
  #ok = false;

  /** `now`: ms. `failed` is told of each failure. */
  constructor(work: () => Promise<unknown>, now: () => number, failed: (error: unknown) => void) {
    this.#work = work;
    this.#now = now;
    this.#failed = failed;
  }

  /** Never rejects. */
  async holds(): Promise<boolean> {
    if (this.#running === null && this.#isDue()) this.#running = this.#try();
    if (this.#running === null) return this.#ok;
    let timer: NodeJS.Timeout | undefined;
    const impatient = new Promise<'late'>((resolve) => {
      timer = setTimeout(() => resolve('late'), PATIENCE);
    });
    const ended = await Promise.race([this.#running, impatient]).finally(() => clearTimeout(timer));
    return ended !== 'late' && this.#ok;
  }

  #isDue(): boolean {
    const now = this.#now();
    // A clock that was set back must not keep an old answer.
    return this.#begun === null || now < this.#begun || now - this.#begun >= EVERY;
  }

  async #try(): Promise<void> {
    this.#begun = this.#now();
    try {
      await this.#work();
      this.#ok = true;
    } catch (error) {
      this.#ok = false;
      this.#failed(error);
    } finally {
      this.#running = null;
    }
  }
}

/** Writes a page of bytes to a vault's quarantine, syncs it, and takes it away. Rejects with the file system's error. */
export async function writeToVault(dir: string): Promise<void> {
  const path = new Layout(dir).quarantined();
  const file = await open(path, 'wx', 0o600);
  try {
    await file.writeFile(Buffer.alloc(4096));
    await file.datasync();
  } finally {
    await file.close();
    await rm(path, { force: true });
  }
}
