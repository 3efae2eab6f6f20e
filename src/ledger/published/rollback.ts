import type { Contradiction } from './known-head.ts';
import type { PreviousLog } from './log-entry.ts';
import { beginNext, prepareNext } from './next-log.ts';
import type { PublishedLogOptions } from './options.ts';
import type { LogRow } from './published.ts';
import type { Running } from './running-log.ts';

/** Ends the log that was contradicted, and begins the next. The thread is closed. */
export async function afterRollback(
  options: PublishedLogOptions,
  { row, sealed, thread }: Pick<Running, 'row' | 'sealed' | 'thread'>,
  known: Contradiction,
): Promise<{ readonly row: LogRow; readonly previous: PreviousLog }> {
  const { places, store, say, alarm } = options;
  // All that this ledger has of it, signed or not.
  let all = await thread.call('grow', []);
  while (all.more) all = await thread.call('grow', []);
  await thread.close();
  const { number, origin, vkey } = row;
  const previous = { log: number, origin, vkey, size: all.size, root: all.root, signed: sealed?.size ?? 0 };
  const newest = known.log.number > number ? known.log : row;
  const prepared = await prepareNext(places, options.name, newest);
  const next = await beginNext({
    ...prepared,
    places,
    store,
    reason: 'rollback',
    previous,
    known,
    now: options.now,
  });
  say(
    `THE LOG WAS ROLLED BACK: ${wordsOf(known)} is known of ${known.log.origin}, and this ledger has ${wordsOf(previous)}. ` +
      `That log is signed no more; ${next.origin} begins, and its key is ${next.vkey}`,
  );
  alarm('log-rolled-back', { expected: wordsOf(known), found: wordsOf(previous), source: known.from });
  return { row: next, previous };
}

/** A head, for people. */
export function wordsOf({ size, root }: { readonly size: number; readonly root: string | null }): string {
  return root === null ? `a head of ${size} entries` : `a head of ${size} entries with the root ${root}`;
}
