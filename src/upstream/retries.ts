import { setTimeout as sleep } from 'node:timers/promises';
import { isTransient } from './faults.ts';
import type { Limits } from './limits.ts';

/** One try. Whoever reads the body sets `started` with its first byte: from then on nothing is repeated. */
export interface Attempt {
  started: boolean;
}

/** Tries again after a broken connection or a gateway's 502, 503, 504, as long as no byte of a body has come. */
export async function retried<T>(
  { attempts, backoff }: Pick<Limits, 'attempts' | 'backoff'>,
  signal: AbortSignal,
  work: (attempt: Attempt) => Promise<T>,
): Promise<T> {
  for (let n = 1; ; n++) {
    const attempt: Attempt = { started: false };
    try {
      return await work(attempt);
    } catch (error) {
      signal.throwIfAborted();
      if (n >= attempts || attempt.started || !isTransient(error)) throw error;
    }
    await pause(backoff * 4 ** (n - 1), signal);
  }
}

async function pause(ms: number, signal: AbortSignal): Promise<void> {
  try {
    await sleep(ms, undefined, { signal });
  } catch {
    // sleep reports an abort in its own words; the reason is ours
    signal.throwIfAborted();
  }
}
