import { randomBytes } from 'node:crypto';
import type { SignerKey } from '../log/note.ts';
import { makeKey, readKey } from './key-file.ts';
import { nameOf, unavailable } from './known-head.ts';
import type { LogPlaces } from './log-places.ts';
import { type LogThread, startLogThread } from './log-thread.ts';
import { settle } from './next-log.ts';
import type { PublishedLogOptions } from './options.ts';
import type { Head, LogRow } from './published.ts';

/** The running log, resumed. */
export interface Running {
  readonly row: LogRow;
  readonly signer: SignerKey;
  readonly sealed: Head | null;
  readonly thread: LogThread;
}

/** Opens the newest log, or the first one ever. */
export async function openRunning(
  options: Pick<PublishedLogOptions, 'places' | 'store' | 'name' | 'now' | 'say'>,
): Promise<Running> {
  const { places, store, say } = options;
  const logs = await store.logs();
  const signer = await keyOf(options, logs.at(-1) ?? null);
  const row = logs.at(-1) ?? {
    number: 1,
    origin: signer.name,
    vkey: signer.vkey,
    base: 0,
    opened: options.now(),
    minimum: 0,
  };
  if (logs.length === 0) {
    // Before it is so: cut short, it is said again, and never left unsaid.
    say(
      `the ledger begins its log, ${row.origin}; the key that signs it is in ${places.key}, and its public half, for those ` +
        `who are to check the ledger, is ${row.vkey} (sallyport init prints it)`,
    );
    await store.openLog(row, null);
    await settle(places, [row]);
  }
  const sealed = await store.sealedHead(row.number);
  return { row, signer, sealed, thread: await resumed(places, row, sealed, say) };
}

/** Starts the thread of a log's files at a head; makes them anew where they are not that head's. */
export async function resumed(
  places: LogPlaces,
  row: LogRow,
  head: Head | null,
  say: (what: string) => void,
  folder: string = places.running,
): Promise<LogThread> {
  const { base, minimum } = row;
  const thread = await startLogThread({ path: places.database, folder, extent: { base, minimum } });
  if (head === null) return thread;
  try {
    const problem = await thread.call('resume', [head]);
    if (problem === null) return thread;
    say(`the tiles of the log in ${folder} are not whole (${problem}): they are made anew from the ledger`);
    if ((await thread.call('rootOf', [head.size])) !== head.root)
      throw unavailable(
        `the ledger contradicts the head of ${head.size} entries that it has signed: sallyport ledger verify says where`,
      );
    await thread.call('rebuild', [head.size]);
    say(`the tiles of the log in ${folder} are whole again, up to ${head.size} entries`);
    return thread;
  } catch (error) {
    await thread.close();
    throw error;
  }
}

async function keyOf(
  { places, name }: Pick<PublishedLogOptions, 'places' | 'name'>,
  running: LogRow | null,
): Promise<SignerKey> {
  const key = await readKey(places.key);
  if (running) {
    if (key?.vkey === running.vkey) return key;
    throw unavailable(
      `${key ? 'the key of the log is another than that of' : 'there is no key of'} ${running.origin} in ${places.key}: ` +
        'restore it, or where it is gone for good, begin a new log (sallyport ledger rotate --key-lost)',
    );
  }
  const origin = `${name ?? `sallyport-${randomBytes(8).toString('hex')}`}/1`;
  if (key === null) return makeKey(places.key, origin);
  if (nameOf(key.name) === (name ?? nameOf(key.name)) && key.name.endsWith('/1')) return key;
  throw unavailable(
    `the key in ${places.key} is that of ${key.name}, and the log that begins here would be ${origin}: ` +
      'restore the data folder that it belongs to, or move the key away',
  );
}
