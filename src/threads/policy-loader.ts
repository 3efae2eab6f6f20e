import { Worker } from 'node:worker_threads';
import { readPolicySources } from '../allowlists.ts';
import type { Digest } from '../model/digest.ts';
import { PolicyError, type PolicyProblem } from '../policy/policy.ts';
import { type LoadedPolicy, loadedHere, opened } from './policy-pieces.ts';
import { threadFile } from './rpc.ts';

/** What the thread is to read: a folder, and the digest that its files must have; null for any. */
export interface LoadJob {
  readonly folder: string;
  readonly expect: Digest | null;
}

/** What the thread says: its pieces in their order and `done`, with its files packed, or one of the others. */
export type LoadMessage =
  | { readonly kind: 'piece'; readonly bytes: Uint8Array }
  | { readonly kind: 'done'; readonly packed: Uint8Array }
  /** The files have another digest. */
  | { readonly kind: 'other' }
  | { readonly kind: 'problems'; readonly problems: readonly PolicyProblem[] };

/** How long reading and compiling may take, ms. */
const DEADLINE = 120_000;

/** Memory of the thread, MB: files that need more end it, not the firewall. */
const HEAP = 2_048;

/** Files of more characters than this take a thread to read at the start, too: it gives their memory back. */
const SMALL = 256 * 1024;

/** At the start, when nobody is held up: what is small is read in less time than a thread takes to begin. */
export async function loadFirst(folder: string): Promise<LoadedPolicy> {
  const sources = await readPolicySources(folder);
  if (sources.reduce((sum, { text }) => sum + text.length, 0) <= SMALL) return loadedHere(sources);
  const loaded = await loadInThread(folder);
  if (!loaded) throw new Error('the policy files were not read');
  return loaded;
}

export interface LoadOptions {
  readonly expect?: Digest | null;
  /** ms. */
  readonly deadline?: number;
  /** Ends the thread. */
  readonly signal?: AbortSignal;
}

/**
 * Reads and compiles the policy files of a folder in a thread of its own, which ends with it, and opens what comes of
 * it here, a piece at a time. null: the files have another digest than `expect`. Rejects with PolicyError, or where the
 * thread died or took too long.
 */
export async function loadInThread(folder: string, options: LoadOptions = {}): Promise<LoadedPolicy | null> {
  const { expect = null, deadline = DEADLINE, signal } = options;
  const job: LoadJob = { folder, expect };
  const worker = new Worker(threadFile(import.meta.url, 'policy.thread'), {
    workerData: job,
    resourceLimits: { maxOldGenerationSizeMb: HEAP },
  });
  const loaded = await new Promise<Pick<LoadedPolicy, 'pieces' | 'packed'> | null>((resolve, reject) => {
    const found: Uint8Array[] = [];
    const late = setTimeout(
      () => reject(new Error(`the policy files were not read within ${deadline} ms`)),
      deadline,
    );
    const ended = () => reject(new Error('the house closes'));
    if (signal?.aborted) ended();
    signal?.addEventListener('abort', ended, { once: true });
    worker.on('message', (message: LoadMessage) => {
      switch (message.kind) {
        case 'piece':
          found.push(message.bytes);
          return;
        case 'done':
          return resolve({ pieces: found, packed: message.packed });
        case 'other':
          return resolve(null);
        case 'problems':
          return reject(new PolicyError(message.problems));
      }
    });
    worker.on('error', (error) =>
      reject(new Error('the thread that reads policy files died', { cause: error })),
    );
    worker.on('exit', () => {
      clearTimeout(late);
      signal?.removeEventListener('abort', ended);
      reject(new Error('the thread that reads policy files ended'));
    });
  }).finally(() => worker.terminate());
  return loaded && { ...(await opened(loaded.pieces)), ...loaded };
}
