import {
  type MessagePort,
  parentPort,
  type ResourceLimits,
  type Transferable,
  Worker,
} from 'node:worker_threads';
import { NotOpen } from '../admission/ports.ts';
import { IndexUnreadable } from '../ecosystems/ecosystem.ts';

/** A call to a thread: method and arguments by structured clone. */
interface Call {
  readonly id: number;
  readonly method: string;
  readonly args: readonly unknown[];
}

type Reply =
  | { readonly id: number; readonly value: unknown }
  | { readonly id: number; readonly error: { readonly name: string; readonly message: string } };

/** The file of a thread beside `base`: `.ts` when run from source, `.js` when built. */
export function threadFile(base: string, name: string): URL {
  return new URL(`./${name}${base.endsWith('.ts') ? '.ts' : '.js'}`, base);
}

/**
 * One worker thread that answers calls in order. When it dies, every call under way and every later one
 * rejects: what it would have said is unknown, and unknown refuses.
 */
export class Thread {
  readonly #worker: Worker;
  readonly #waiting = new Map<number, { resolve(value: unknown): void; reject(error: Error): void }>();
  #next = 0;
  #dead: Error | null = null;

  constructor(file: URL, workerData?: unknown, resourceLimits?: ResourceLimits) {
    this.#worker = new Worker(file, { workerData, ...(resourceLimits ? { resourceLimits } : {}) });
    this.#worker.unref();
    this.#worker.on('message', (reply: Reply) => {
      const waiting = this.#waiting.get(reply.id);
      this.#waiting.delete(reply.id);
      if (!waiting) return;
      if ('error' in reply) waiting.reject(revive(reply.error));
      else waiting.resolve(reply.value);
    });
    this.#worker.on('error', (error) => this.#die(error instanceof Error ? error : new Error(String(error))));
    this.#worker.on('exit', () => this.#die(new Error('the thread ended')));
  }

  get waiting(): number {
    return this.#waiting.size;
  }

  get dead(): boolean {
    return this.#dead !== null;
  }

  call<T>(method: string, args: readonly unknown[], transfer: readonly Transferable[] = []): Promise<T> {
    if (this.#dead) return Promise.reject(this.#dead);
    const id = this.#next++;
    return new Promise<T>((resolve, reject) => {
      const call: Call = { id, method, args };
      // First, because it throws where something cannot be cloned: then nobody waits. Answers come in a later turn.
      this.#worker.postMessage(call, transfer);
      this.#waiting.set(id, { resolve: resolve as (value: unknown) => void, reject });
    });
  }

  async close(): Promise<void> {
    await this.#worker.terminate();
  }

  #die(error: Error): void {
    this.#dead ??= error;
    for (const { reject } of this.#waiting.values()) reject(this.#dead);
    this.#waiting.clear();
  }
}

/** Serves calls inside a thread. A result that is Moved gives its buffers away. */
export function serve(methods: Readonly<Record<string, (...args: never[]) => Promise<unknown>>>): void {
  const port = parentPort as MessagePort;
  port.on('message', async ({ id, method, args }: Call) => {
    try {
      const run = Object.hasOwn(methods, method) ? methods[method] : undefined;
      if (!run) throw new Error(`no method ${method}`);
      const value = await run(...(args as never[]));
      if (value instanceof Moved) port.postMessage({ id, value: value.value }, value.transfer);
      else port.postMessage({ id, value });
    } catch (error) {
      const { name, message } = error instanceof Error ? error : { name: 'Error', message: String(error) };
      port.postMessage({ id, error: { name, message } });
    }
  });
}

/** A value whose buffers go with it instead of being copied. */
export class Moved {
  readonly value: unknown;
  readonly transfer: readonly ArrayBuffer[];
  constructor(value: unknown, bytes: readonly Uint8Array[]) {
    this.value = value;
    this.transfer = bytes.map((b) => b.buffer).filter((b): b is ArrayBuffer => b instanceof ArrayBuffer);
  }
}

/** A copy that owns its buffer, so that it can be transferred: pieces of Node's pool share theirs. */
export function owned(bytes: Uint8Array): Uint8Array {
  return bytes.byteLength === bytes.buffer.byteLength && bytes.buffer instanceof ArrayBuffer
    ? bytes
    : Uint8Array.from(bytes);
}

function revive(error: { readonly name: string; readonly message: string }): Error {
  if (error.name === 'NotOpen') return new NotOpen(error.message);
  if (error.name === 'IndexUnreadable') return new IndexUnreadable(error.message);
  return new Error(`in a thread: ${error.name}: ${error.message}`);
}
