import { type ResourceLimits, type Transferable, Worker } from 'node:worker_threads';
import { LedgerError } from '../ledger.ts';
import type { Calls, Greeting, Reply, Request } from './protocol.ts';

interface Waiting {
  resolve(value: unknown): void;
  reject(error: LedgerError): void;
}

/** Calls that may wait at once; one more is refused. */
const CAPACITY = 10_000;

/**
 * A worker thread that answers calls. Each call is answered exactly once: by the thread, or with LedgerError
 * `unavailable` when the thread is gone, is closing, or has `CAPACITY` calls waiting.
 */
export class Thread<C extends Calls> {
  readonly #worker: Worker;
  readonly #waiting = new Map<number, Waiting>();
  readonly #capacity: number;
  readonly #gone: Promise<void>;
  #end: string | null = null;
  #lastId = 0;

  /** Starts a thread and waits until it says that it is ready; rejects with the LedgerError that it says. */
  static async start<C extends Calls>(
    url: URL,
    data: unknown,
    capacity: number = CAPACITY,
    resourceLimits: ResourceLimits = {},
  ): Promise<Thread<C>> {
    const worker = new Worker(url, { workerData: data, resourceLimits });
    const greeting = await new Promise<Greeting>((resolve) => {
      const fail = (message: string) => resolve({ ready: false, fault: { code: 'unavailable', message } });
      worker.once('message', resolve);
      worker.once('error', (error) => fail(`the ledger's thread failed to start: ${String(error)}`));
      worker.once('exit', (code) => fail(`the ledger's thread ended with ${code} before it was ready`));
    });
    if (greeting.ready) return new Thread<C>(worker, capacity);
    await worker.terminate();
    throw new LedgerError(greeting.fault.code, greeting.fault.message);
  }

  private constructor(worker: Worker, capacity: number) {
    this.#worker = worker;
    this.#capacity = capacity;
    this.#gone = new Promise((resolve) => worker.once('exit', () => resolve()));
    worker.on('message', (replies: readonly Reply[]) => this.#answer(replies));
    worker.on('messageerror', (error) => this.#die(`an answer was unreadable: ${String(error)}`));
    worker.on('error', (error) => this.#die(String(error)));
    worker.on('exit', (code) => this.#die(`it ended with ${code}`));
  }

  get alive(): boolean {
    return this.#end === null;
  }

  /** `transfer`: buffers of the arguments that move to the thread. */
  call<K extends keyof C & string>(
    name: K,
    args: Parameters<C[K]>,
    transfer: readonly Transferable[] = [],
  ): Promise<ReturnType<C[K]>> {
    return new Promise((resolve, reject) => {
      if (this.#end !== null) return reject(new LedgerError('unavailable', this.#end));
      if (this.#waiting.size >= this.#capacity) {
        return reject(new LedgerError('unavailable', 'too much is waiting for the ledger'));
      }
      const request: Request = { id: ++this.#lastId, call: name, args };
      try {
        this.#worker.postMessage(request, transfer);
      } catch (error) {
        return reject(
          new LedgerError('malformed', 'the ledger was handed what is no data', { cause: error }),
        );
      }
      this.#waiting.set(request.id, { resolve: (value) => resolve(value as ReturnType<C[K]>), reject });
    });
  }

  /** Lets the thread finish what it was asked, and ends it. */
  async close(): Promise<void> {
    if (this.#end === null) {
      this.#end = 'the ledger is closed';
      this.#worker.postMessage(null);
    }
    await this.#gone;
  }

  #answer(replies: readonly Reply[]): void {
    for (const reply of replies) {
      const waiting = this.#waiting.get(reply.id);
      this.#waiting.delete(reply.id);
      if ('fault' in reply) waiting?.reject(new LedgerError(reply.fault.code, reply.fault.message));
      else waiting?.resolve(reply.value);
    }
  }

  #die(why: string): void {
    this.#end ??= `the ledger's thread is gone: ${why}`;
    for (const waiting of this.#waiting.values()) waiting.reject(new LedgerError('unavailable', this.#end));
    this.#waiting.clear();
  }
}

/** The address of a thread's module beside this one: TypeScript in src, JavaScript in dist. */
export function threadModule(name: 'reader' | 'writer'): URL {
  const extension = import.meta.url.endsWith('.ts') ? 'ts' : 'js';
  return new URL(`./${name}.thread.${extension}`, import.meta.url);
}
