import type { Ledger } from '../ledger.ts';
import { HeadCopy } from './head-copy.ts';
import { readKey } from './key-file.ts';
import { contradiction } from './known-elsewhere.ts';
import { unavailable } from './known-head.ts';
import { keyRotatedEntry, type PreviousLog } from './log-entry.ts';
import { beginNext, prepareNext, settle } from './next-log.ts';
import { openPublishedLog } from './open.ts';
import type { PublishedLogOptions } from './options.ts';
import type { LogRow } from './published.ts';
import { publishedLedger } from './published-ledger.ts';
import { afterRollback } from './rollback.ts';
import { resumed } from './running-log.ts';

export interface Rotation extends PublishedLogOptions {
  readonly ledger: Ledger;
}

/** What a rotation came to. */
export interface Rotated {
  readonly row: LogRow;
  readonly previous: PreviousLog;
}

/**
 * Ends the running log and begins the next under a new key. The old log's last entry says which, and is published under
 * the old key. Cut short, it has happened or not: the next start tells by the ledger.
 */
export async function rotateLog(options: Rotation): Promise<Rotated> {
  const { places, store, name, now } = options;
  if ((await store.logs()).length === 0)
    throw unavailable('there is no log yet: the first start of the server begins it');
  const log = await openPublishedLog(options);
  const { current } = log;
  let previous: PreviousLog;
  const prepared = await prepareNext(places, name, current).catch(async (error: unknown) => {
    await log.close();
    throw error;
  });
  try {
    const entry = keyRotatedEntry({
      id: `rotation-${prepared.number}`,
      time: now(),
      log: prepared.number,
      origin: prepared.key.name,
      vkey: prepared.key.vkey,
    });
    const { seq } = await publishedLedger(options.ledger, log).append(entry);
    const { size, root } = await log.published(seq);
    previous = { log: current.number, origin: current.origin, vkey: current.vkey, size, root, signed: size };
  } finally {
    await log.close();
  }
  const row = await beginNext({ ...prepared, places, store, reason: 'rotation', previous, known: null, now });
  await publishFirst(options, row);
  return { row, previous };
}

/**
 * The same where the old key is gone: the old log ends with what it last signed. Where the copy of the head knows more of it,
 * the ledger was set back as well, and that is why the next one begins: whoever has the disk can remove a key.
 */
export async function replaceLostKey(options: Rotation): Promise<Rotated> {
  const { places, store, name, now, say } = options;
  await settle(places, await store.logs());
  const running = (await store.logs()).at(-1);
  if (!running) throw unavailable('there is no log yet: the first start of the server begins it');
  const key = await readKey(places.key).catch(() => null);
  if (key?.vkey === running.vkey)
    throw unavailable(
      `the key of ${running.origin} is there, in ${places.key}: rotate it without --key-lost`,
    );
  const sealed = await store.sealedHead(running.number);
  const copy = options.headCopy === null ? null : new HeadCopy(options.headCopy);
  const known = await contradiction(options, { row: running, signer: null, sealed }, copy);
  const thread = await resumed(places, running, sealed, say);
  if (known) {
    const rotated = await afterRollback(options, { row: running, sealed, thread }, known);
    await publishFirst(options, rotated.row);
    return rotated;
  }
  let all = await thread.call('grow', []);
  while (all.more) all = await thread.call('grow', []);
  await thread.close();
  const { number, origin, vkey } = running;
  const previous = { log: number, origin, vkey, size: all.size, root: all.root, signed: sealed?.size ?? 0 };
  const prepared = await prepareNext(places, name, running);
  const row = await beginNext({ ...prepared, places, store, reason: 'key-lost', previous, known: null, now });
  await publishFirst(options, row);
  return { row, previous };
}

/** The new log is there for everybody once its first entry is published. */
async function publishFirst(options: PublishedLogOptions, row: LogRow): Promise<void> {
  const log = await openPublishedLog(options);
  try {
    await log.published(row.base);
  } finally {
    await log.close();
  }
}
