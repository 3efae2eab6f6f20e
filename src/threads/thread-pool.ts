import type { Transferable } from 'node:worker_threads';
import type { Thread } from './rpc.ts';
import { Turns } from './turns.ts';

export interface ThreadPoolOptions {
  readonly start: () => Thread;
  /** Told of each thread that died or was ended, when its place is taken or given up. */
  readonly replaced: () => void;
  /** How long one call may take once those before it are answered, ms. A longer one is a thread that hangs: it is ended. */
  readonly deadline: number;
  /** Threads at most. */
  readonly size: number;
  /** Whether one is there before anybody calls: it costs its memory from the start. */
  readonly eager: boolean;
}

/**
 * Threads that all do the same work: one from the start or from the first call, more while all are at work. One that died or hangs is
 * replaced; what it was asked rejects.
 */
export class ThreadPool {
  readonly #options: ThreadPoolOptions;
  #threads: readonly Thread[];
  readonly #turns = new WeakMap<Thread, Turns>();

  constructor(options: ThreadPoolOptions) {
    this.#options = options;
    this.#threads = options.eager ? [options.start()] : [];
  }

  /** Has the least busy thread called before this returns. */
  async call<T>(
    method: string,
    args: readonly unknown[],
    transfer: readonly Transferable[] = [],
  ): Promise<T> {
    const thread = this.#leastBusy();
    const late = Promise.withResolvers<never>();
    const answered = this.#turnsOf(thread).wait(() => {
      late.reject(new Error(`a thread took too long to ${method}`));
      this.#end(thread);
    });
    try {
      return await Promise.race([thread.call<T>(method, args, transfer), late.promise]);
    } finally {
      answered();
    }
  }

  /** Has every thread called before this returns, each before what it is asked later. One that fails is ended. */
  tellAll(method: string, args: readonly unknown[]): void {
    for (const thread of this.#threads) thread.call(method, args).catch(() => this.#end(thread));
  }

  async close(): Promise<void> {
    await Promise.all(this.#threads.map((thread) => thread.close()));
  }

  #turnsOf(thread: Thread): Turns {
    const turns = this.#turns.get(thread) ?? new Turns(this.#options.deadline);
    this.#turns.set(thread, turns);
    return turns;
  }

  #leastBusy(): Thread {
    for (const thread of this.#threads) if (thread.dead) this.#end(thread);
    const [best] = this.#threads.toSorted((a, b) => a.waiting - b.waiting);
    if (best && (best.waiting === 0 || this.#threads.length >= this.#options.size)) return best;
    const another = this.#options.start();
    this.#threads = [...this.#threads, another];
    return another;
  }

  /** Nothing more is asked of the thread, though it may take a moment until it has ended. */
  #end(thread: Thread): void {
    if (!this.#threads.includes(thread)) return;
    this.#threads = this.#threads.filter((one) => one !== thread);
    this.#options.replaced();
    void thread.close();
  }
}
