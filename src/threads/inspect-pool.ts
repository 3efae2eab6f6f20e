import type { Expected, Inspection } from '../verify/verify.ts';
import { Thread, threadFile } from './rpc.ts';

/** How long one inspection may take, ms. A longer one is a thread that hangs: it is ended. */
const DEADLINE = 120_000;

/**
 * Threads that take archives apart: one from the start, more while all are at work. One that died or hangs is
 * replaced; its inspection rejects.
 */
export class InspectPool {
  readonly #size: number;
  readonly #replaced: () => void;
  #threads: Thread[] = [start()];

  /** `replaced`: told of each thread that died, when its place is taken or given up. */
  constructor(replaced: () => void, size = 2) {
    this.#replaced = replaced;
    this.#size = size;
  }

  async inspect(path: string, expected: Expected): Promise<Inspection> {
    const thread = this.#leastBusy();
    let timer: NodeJS.Timeout | undefined;
    const deadline = new Promise<never>((_, reject) => {
      timer = setTimeout(() => {
        void thread.close();
        reject(new Error('the inspection took too long'));
      }, DEADLINE);
    });
    try {
      return await Promise.race([thread.call<Inspection>('inspect', [path, expected]), deadline]);
    } finally {
      clearTimeout(timer);
    }
  }

  async close(): Promise<void> {
    await Promise.all(this.#threads.map((t) => t.close()));
  }

  #leastBusy(): Thread {
    for (const thread of this.#threads) if (thread.dead) this.#replaced();
    this.#threads = this.#threads.filter((thread) => !thread.dead);
    const [best] = this.#threads.toSorted((a, b) => a.waiting - b.waiting);
    if (best && (best.waiting === 0 || this.#threads.length >= this.#size)) return best;
    const another = start();
    this.#threads.push(another);
    return another;
  }
}

function start(): Thread {
  return new Thread(threadFile(import.meta.url, 'inspect.thread'), undefined, {
    maxOldGenerationSizeMb: 512,
  });
}
