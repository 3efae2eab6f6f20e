import { rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { readUpTo } from '../../disk/bounded.ts';
import { ensureDir, syncFolder, writeDurable } from '../../disk/durable.ts';
import type { SignerKey } from '../log/note.ts';
import { makeKey, readKey } from './key-file.ts';
import { type Contradiction, nameOf, unavailable } from './known-head.ts';
import { type LogReason, logEntry, type PreviousLog } from './log-entry.ts';
import type { LogPlaces } from './log-places.ts';
import type { LogStore } from './log-store.ts';
import type { LogRow } from './published.ts';

/**
 * Places that are left free behind what is known of a log that was rolled back: entries that were acknowledged in it
 * and not yet in any head that somebody kept. None of their numbers is given again.
 */
const RESERVED = 1_000_000;

/** Bytes that are read of the file of a key. */
const MAX_VKEY = 4096;

/** The log that is to come, and its key, which lies beside the one in force. */
export interface PreparedLog {
  readonly number: number;
  readonly key: SignerKey;
}

export interface NextLog extends PreparedLog {
  readonly places: LogPlaces;
  readonly store: LogStore;
  readonly reason: LogReason;
  readonly previous: PreviousLog;
  readonly known: Contradiction | null;
  now(): number;
}

/** Makes the key of the log after one that ends. `name`: of the log; null: that of the one before. */
export async function prepareNext(
  places: LogPlaces,
  name: string | null,
  previous: Pick<LogRow, 'number' | 'origin'>,
): Promise<PreparedLog> {
  const number = previous.number + 1;
  const key = await makeKey(places.nextKey, `${name ?? nameOf(previous.origin)}/${number}`);
  return { number, key };
}

/**
 * Begins a log after another, under a key of its own. It is there once the ledger has its row; what is done with keys
 * and folders before and after is finished by `settle` at the next start, wherever it was cut short.
 */
export async function beginNext(next: NextLog): Promise<LogRow> {
  const { places, store, number, key, reason, previous, known } = next;
  const after = (await store.lastSeq()) + 1;
  const base = known ? Math.max(after, known.log.base + known.size) + RESERVED : after;
  const time = next.now();
  const row: LogRow = { number, origin: key.name, vkey: key.vkey, base, opened: time, minimum: 0 };
  await store.openLog(row, logEntry({ id: `log-${number}`, time, row, reason, previous, known }));
  await settle(places, await store.logs());
  return row;
}

/** Brings keys and folders to what the ledger says of its logs. */
export async function settle(places: LogPlaces, logs: readonly LogRow[]): Promise<void> {
  const running = logs.at(-1);
  if (running === undefined) return;
  await settleKeys(places, running);
  await settleFolders(places, logs, running);
}

async function settleKeys(places: LogPlaces, running: LogRow): Promise<void> {
  const next = await readKey(places.nextKey);
  if (next?.vkey === running.vkey) {
    await rename(places.nextKey, places.key);
    await syncFolder(dirname(places.key));
    return;
  }
  const key = await readKey(places.key);
  // Of a log that was never begun.
  if (next && key?.vkey === running.vkey) await rm(places.nextKey);
}

async function settleFolders(places: LogPlaces, logs: readonly LogRow[], running: LogRow): Promise<void> {
  const path = join(places.running, 'vkey');
  const vkey = (await readUpTo(path, MAX_VKEY))?.toString('utf8') ?? null;
  if (vkey === `${running.vkey}\n`) return;
  if (vkey !== null) {
    const ended = logs.find((row) => vkey === `${row.vkey}\n`);
    if (!ended)
      throw unavailable(
        `${places.running} is a log that this ledger does not know: ledger.db may be older than it; restore both from ` +
          'the same time, or move that folder away',
      );
    const to = places.ended(ended.number);
    await ensureDir(dirname(to));
    await rename(places.running, to);
    await syncFolder(dirname(to));
    await syncFolder(places.ledger);
  }
  await ensureDir(places.running);
  await writeDurable(path, Buffer.from(`${running.vkey}\n`));
}
