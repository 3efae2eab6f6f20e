import { hash } from 'node:crypto';
import { readLogFile } from '../audit/folder.ts';
import type { Stamp } from '../entry-parts.ts';
import { TILE_WIDTH } from '../log/tiles.ts';
import { withdrawnEntry } from './log-entry.ts';
import type { LogStore } from './log-store.ts';
import type { LogThread } from './log-thread.ts';
import type { LogRow } from './published.ts';

/** Entries that are emptied in one transaction: appends wait for no more. */
const AT_ONCE = 2_048;

export interface Withdrawal {
  readonly log: LogRow;
  readonly thread: LogThread;
  /** Entries of the log that are under a head that was signed. */
  readonly signed: number;
  /** Milliseconds since 1970: entries before it. */
  readonly before: number;
  /** The written policy, as people read it. */
  readonly policy: string;
  stamp(): Stamp;
  /** Resolves once a signed head covers an entry of the ledger. */
  published(seq: number): Promise<unknown>;
}

/** The written policy that comes into force with the entry that names it: until then `retention` is the one before it. */
export const NEXT_RETENTION = 'retention-next';

/**
 * Withdraws old entries of one log from reading (C2SP tlog-tiles, Pruning), in whole bundles from its beginning: says so
 * in the ledger and, once that is signed, beside the log; then removes the bundles, then empties the entries. Hashes stay,
 * so that the tree and every proof do. What is cut short is finished by `finishWithdrawals`. Resolves with the place of the entry that says it;
 * null where nothing is old enough.
 */
export async function withdrawOlder(store: LogStore, withdrawal: Withdrawal): Promise<Withdrawn | null> {
  const { log, thread, signed, before, policy, stamp, published } = withdrawal;
  // In parts, so that what is new is published meanwhile.
  let old = await thread.call('olderThan', [before, log.minimum, signed]);
  while (old.more) old = await thread.call('olderThan', [before, old.place, signed]);
  const below = old.place;
  if (below <= log.minimum) return null;
  const text = retentionText(below, policy);
  // The policy in force is replaced only when the ledger names the next one, and may be another than the one before.
  await thread.call('publish', [{ [NEXT_RETENTION]: text }]);
  const digest = `sha256:${hash('sha256', policy, 'hex')}`;
  const entries = below - log.minimum;
  const entry = withdrawnEntry({ ...stamp(), log: log.number, below, policy: digest, entries });
  const { seq } = await store.withdraw(log.number, below, entry);
  // What is gone from its files is excused by what is signed.
  await published(seq);
  await thread.call('publish', [{ retention: text }]);
  await removeWithdrawn(store, thread, log.minimum, below);
  return { seq, entries };
}

export interface Withdrawn {
  /** Place of the entry that says it. */
  readonly seq: number;
  readonly entries: number;
}

/** Removes what is withdrawn and still there: bundles first, as the empty entries say that they are gone. */
export async function removeWithdrawn(
  store: LogStore,
  thread: LogThread,
  from: number,
  below: number,
): Promise<void> {
  await thread.call('withdrawn', [from, below]);
  while ((await store.clearWithdrawn(AT_ONCE)) > 0);
}

/** Puts the written policy in force under which entries below a place were withdrawn, where that was cut short. */
export async function finishRetention(folder: string, thread: LogThread, minimum: number): Promise<void> {
  const bytes = await readLogFile(folder, NEXT_RETENTION);
  const text = bytes && Buffer.from(bytes).toString('utf8');
  if (text === null || readRetention(text)?.minimum !== minimum) return;
  await thread.call('publish', [{ retention: text }]);
}

/** The file `retention` of a log: its minimum index, an empty line, and the written policy. */
export function retentionText(minimum: number, policy: string): string {
  return `minimum index ${minimum}\n\n${policy}`;
}

/** What a `retention` file says; null where it is none. */
export function readRetention(text: string): { readonly minimum: number; readonly policy: string } | null {
  const [, digits, policy] = /^minimum index (0|[1-9][0-9]{0,15})\n\n([\s\S]*)$/.exec(text) ?? [];
  const minimum = Number(digits);
  if (policy === undefined || !Number.isSafeInteger(minimum) || minimum % TILE_WIDTH !== 0) return null;
  return { minimum, policy };
}
