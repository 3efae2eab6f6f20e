import type { Expected, Inspection } from '../verify/verify.ts';
import { Thread, threadFile } from './rpc.ts';

/** How long one inspection may take, ms. A longer one is a thread that hangs: it is ended. */
const DEADLINE = 120_000;

/** A few threads that take archives apart. A thread that died or hangs is replaced; its inspection rejects. */
export class InspectPool {
  readonly #threads: Thread[];

  constructor(size = 2) {
    this.#threads = Array.from({ length: size }, start);
  }

  async inspect(path: string, expected: Expected): Promise<Inspection> {
    const at = this.#leastBusy();
    const thread = this.#threads[at] ?? start();
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

  #leastBusy(): number {
    let best = 0;
    for (let i = 0; i < this.#threads.length; i++) {
      if (this.#threads[i]?.dead) this.#threads[i] = start();
      if ((this.#threads[i]?.waiting ?? 0) < (this.#threads[best]?.waiting ?? 0)) best = i;
    }
    return best;
  }
}

function start(): Thread {
  return new Thread(threadFile(import.meta.url, 'inspect.thread'), undefined, {
    maxOldGenerationSizeMb: 512,
  });
}
