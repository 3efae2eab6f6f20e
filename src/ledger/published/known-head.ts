import { LedgerError } from '../ledger.ts';
import { openCheckpoint } from '../log/checkpoint.ts';
import { LogError } from '../log/log-error.ts';
import { verifierKey } from '../log/note.ts';
import type { LogStore } from './log-store.ts';
import type { KnownHead, LogRow } from './published.ts';

/** A head that lies outside of the database, with the log that it is of. */
export interface SignedHead {
  readonly log: LogRow;
  readonly size: number;
  /** Hex. */
  readonly root: string;
}

/** Reads a checkpoint of one of these logs; null where it is of none of them, or not signed by its key. */
export function signedHead(note: string, logs: readonly LogRow[]): SignedHead | null {
  const log = logs.find(({ origin }) => note.startsWith(`${origin}\n`));
  if (!log) return null;
  try {
    const { size, root } = openCheckpoint(note, verifierKey(log.vkey));
    return { log, size, root: root.toString('hex') };
  } catch (error) {
    if (error instanceof LogError) return null;
    throw error;
  }
}

/**
 * Whether a signed head is one that our ledger has sealed. Everything that was ever signed was sealed before: what is
 * not was signed by a ledger that knew more than this one, or other things. A log that has ended is past that question.
 */
export async function contradicts(
  store: LogStore,
  logs: readonly LogRow[],
  head: SignedHead,
): Promise<boolean> {
  const running = logs.at(-1);
  if (running === undefined || head.log.number < running.number) return false;
  if (head.log.number > running.number || head.log.vkey !== running.vkey) return true;
  if (head.size === 0) return false;
  const sealed = await store.headAt(head.log.number, head.size);
  return sealed?.root !== head.root;
}

/** `a/b` of the origin `a/b/3`. */
export function nameOf(origin: string): string {
  return origin.replace(/\/[0-9]+$/, '');
}

/** What showed a rollback, and of which log: for the one that is begun after it. */
export interface Contradiction extends KnownHead {
  readonly log: LogRow;
}

export function unavailable(what: string, cause?: unknown): LedgerError {
  return new LedgerError('unavailable', what, cause === undefined ? undefined : { cause });
}
