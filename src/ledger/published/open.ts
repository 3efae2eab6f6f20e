import { writeContradiction } from './contradiction-file.ts';
import { folderSource } from './folder-source.ts';
import { HeadCopies } from './head-copies.ts';
import { HeadCopy } from './head-copy.ts';
import { contradiction } from './known-elsewhere.ts';
import { contradicts, signedHead } from './known-head.ts';
import { settle } from './next-log.ts';
import type { PublishedLogOptions } from './options.ts';
import type { KnownHead, LogRow, PublishedLog } from './published.ts';
import { LATE, Publisher } from './publisher.ts';
import { afterRollback, wordsOf } from './rollback.ts';
import { openRunning, type Running, resumed } from './running-log.ts';
import { finishWithdrawals, withdrawEverywhere } from './withdrawals.ts';

/** The published log, and what those who run it may do beside. */
export interface OpenPublishedLog extends PublishedLog {
  /** Every log, the oldest first. */
  readonly logs: readonly LogRow[];
  /** An entry is durable in the ledger: it is to be published. */
  appended(seq: number): void;
  /** For how long something has waited since the last publication, s; 0 where nothing does. */
  waitingFor(): number;
  /**
   * Withdraws entries before a time from reading, of every log, under a written policy. Resolves with how many. One at a
   * time.
   */
  withdraw(before: number, policy: string): Promise<number>;
}

/**
 * Opens the published log of a ledger that this process holds: goes on where the last process ended or died, and begins a
 * new log, aloud, where somebody knows more of the old one than this ledger does. Rejects with LedgerError `unavailable`
 * where only a person can go on, in words that say how.
 */
export async function openPublishedLog(options: PublishedLogOptions): Promise<OpenPublishedLog> {
  const { places, store } = options;
  await settle(places, await store.logs());
  let running = await openRunning(options);
  const copy = options.headCopy === null ? null : new HeadCopy(options.headCopy);
  try {
    const known = await contradiction(options, running, copy);
    if (known) {
      await afterRollback(options, running, known);
      running = await openRunning(options);
    }
    return await publish(options, running, copy);
  } catch (error) {
    await running.thread.close();
    throw error;
  }
}

async function publish(
  options: PublishedLogOptions,
  running: Running,
  copy: HeadCopy | null,
): Promise<OpenPublishedLog> {
  const { places, store, failed, say } = options;
  const { row, signer, sealed, thread } = running;
  let logs = await store.logs();
  const source = folderSource(places.running);
  const note = await source.read('checkpoint');
  const lying = note && signedHead(Buffer.from(note).toString('utf8'), [row]);

  const contradicted = async (known: KnownHead): Promise<void> => {
    const head = publisher.head();
    // First, so that it is entered: nothing is afterwards.
    options.alarm('log-rolled-back', {
      expected: wordsOf(known),
      found: head ? wordsOf(head) : 'nothing',
      source: known.from,
    });
    publisher.stop(
      `somebody knows ${wordsOf(known)} of the log, which contradicts it: nothing more is signed`,
    );
    await writeContradiction(places.contradiction, row, known);
  };
  const copies =
    copy &&
    new HeadCopies({
      copy,
      logs,
      holds: async (head) => !(await contradicts(store, logs, head)),
      contradicted: ({ size, root }) =>
        void contradicted({ size, root, from: 'head-copy' }).catch((error: unknown) =>
          failed('what contradicts the log could not be written down', error),
        ),
      failed(error) {
        options.alarm('head-copy-failed', {});
        failed('the head could not be copied', error);
      },
    });
  const publisher = new Publisher({
    row,
    signer,
    store,
    thread,
    openThread: async (head) => resumed(places, (await store.logs()).at(-1) ?? row, head, say),
    sealed,
    publishedSize: lying?.size ?? 0,
    copies,
    now: options.now,
    lateAfter: options.lateAfter ?? LATE,
    failed,
  });
  let withdrawing: Promise<number> = Promise.resolve(0);
  const withdraw = async (before: number, policy: string): Promise<number> => {
    const entries = await withdrawEverywhere({ ...options, row, publisher }, before, policy);
    logs = await store.logs();
    return entries;
  };
  await finishWithdrawals(options, running);
  // What lies in the log was published: what is new since is seen here.
  publisher.appended(await store.lastSeq());
  // A copy that was begun or moved since has it now.
  if (sealed && copies && lying?.size === sealed.size && note)
    copies.offer(Buffer.from(note).toString('utf8'));

  return {
    current: row,
    signer,
    get logs() {
      return logs;
    },
    head: () => publisher.head(),
    published: (seq) => publisher.published(seq),
    state: () => publisher.state(),
    onPublished: (listener) => publisher.onPublished(listener),
    cosigned: (size, lines, met) => publisher.cosigned(size, lines, met),
    contradicted,
    files: (log = row.number) => folderSource(log === row.number ? places.running : places.ended(log)),
    appended: (seq) => publisher.appended(seq),
    waitingFor: () => publisher.waitingFor(),
    withdraw: (before, policy) => {
      withdrawing = withdrawing.catch(() => undefined).then(() => withdraw(before, policy));
      return withdrawing;
    },
    close: () => publisher.close(),
  };
}
