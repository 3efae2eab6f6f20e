import { setTimeout as sleep } from 'node:timers/promises';
import { type OpenCheckpoint, openCheckpoint } from '../ledger/log/checkpoint.ts';
import type { LogSource } from '../ledger/log/log-source.ts';
import { verifierKey } from '../ledger/log/note.ts';

/** How long an entry is waited for that is not published yet, ms: a server publishes every second. */
const WITHIN = 5_000;
const EVERY = 200;

/**
 * A checkpoint of a log that covers an entry: the cosigned one where it does, else the newest; waits a moment for one that
 * does. Null where there is none. Throws LogError for one that this key did not sign.
 */
export async function coveringCheckpoint(
  source: LogSource,
  vkey: string,
  index: number,
): Promise<OpenCheckpoint | null> {
  const key = verifierKey(vkey);
  for (const until = performance.now() + WITHIN; ; ) {
    for (const path of ['cosigned', 'checkpoint']) {
      const bytes = await source.read(path);
      const checkpoint = bytes === null ? null : openCheckpoint(bytes, key);
      if (checkpoint && checkpoint.size > index) return checkpoint;
    }
    if (performance.now() > until) return null;
    await sleep(EVERY);
  }
}
