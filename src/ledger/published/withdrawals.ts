import { startLogThread } from './log-thread.ts';
import type { PublishedLogOptions } from './options.ts';
import type { LogRow } from './published.ts';
import type { Publisher } from './publisher.ts';
import { finishRetention, removeWithdrawn, withdrawOlder } from './retention.ts';
import type { Running } from './running-log.ts';

export interface WithdrawingParts extends Pick<PublishedLogOptions, 'places' | 'store' | 'now'> {
  /** The running log, and what publishes it. */
  readonly row: LogRow;
  readonly publisher: Publisher;
}

/**
 * Withdraws entries before a time (ms since 1970) from reading, of every log, under a written policy. Resolves with how
 * many.
 */
export async function withdrawEverywhere(
  { places, store, now, row, publisher }: WithdrawingParts,
  before: number,
  policy: string,
): Promise<number> {
  let entries = 0;
  for (const log of await store.logs()) {
    const running = log.number === row.number;
    const signed = (running ? publisher.head() : await store.sealedHead(log.number))?.size ?? 0;
    const { base, minimum } = log;
    const folder = places.ended(log.number);
    const thread = running
      ? publisher.thread
      : await startLogThread({ path: places.database, folder, extent: { base, minimum } });
    try {
      const stamp = () => ({ id: `withdrawal-${now()}`, time: now() });
      const published = (seq: number) => {
        publisher.appended(seq);
        return publisher.published(seq);
      };
      const done = await withdrawOlder(store, { log, thread, signed, before, policy, stamp, published });
      entries += done?.entries ?? 0;
    } finally {
      if (!running) await thread.close();
    }
  }
  return entries;
}

/** What a withdrawal that was cut short left. */
export async function finishWithdrawals(
  { places, store }: Pick<PublishedLogOptions, 'places' | 'store'>,
  running: Running,
): Promise<void> {
  if ((await store.clearWithdrawn(0)) === 0) return;
  for (const { number, base, minimum } of await store.logs()) {
    if (number === running.row.number) {
      await finishRetention(places.running, running.thread, minimum);
      await removeWithdrawn(store, running.thread, 0, minimum);
    } else {
      const folder = places.ended(number);
      const thread = await startLogThread({ path: places.database, folder, extent: { base, minimum } });
      try {
        await finishRetention(folder, thread, minimum);
        await thread.call('withdrawn', [0, minimum]);
      } finally {
        await thread.close();
      }
    }
  }
}
