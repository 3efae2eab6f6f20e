import type { Expected, Inspection } from '../verify/verify.ts';
import { Thread, threadFile } from './rpc.ts';
import { ThreadPool } from './thread-pool.ts';

/** How long one inspection may take, ms. */
const DEADLINE = 120_000;

/** Threads that take archives apart. The inspection of one that died or hangs rejects. */
export class InspectPool {
  readonly #pool: ThreadPool;

  /** `replaced`: told of each thread that died, when its place is taken or given up. */
  constructor(replaced: () => void, size = 2) {
    this.#pool = new ThreadPool({ start, replaced, deadline: DEADLINE, size, eager: true });
  }

  inspect(path: string, expected: Expected): Promise<Inspection> {
    return this.#pool.call('inspect', [path, expected]);
  }

  close(): Promise<void> {
    return this.#pool.close();
  }
}

function start(): Thread {
  return new Thread(threadFile(import.meta.url, 'inspect.thread'), undefined, {
    maxOldGenerationSizeMb: 512,
    // What it reads lies outside its heap, and is let go of when new objects are looked through: often, therefore.
    maxYoungGenerationSizeMb: 8,
  });
}
