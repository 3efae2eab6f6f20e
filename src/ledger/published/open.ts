import { randomBytes } from 'node:crypto';
import { readUpTo } from '../../disk/bounded.ts';
import { writeDurable } from '../../disk/durable.ts';
import { signCheckpoint } from '../log/checkpoint.ts';
import { emptyRoot } from '../log/hash.ts';
import { noteBytes, type SignerKey } from '../log/note.ts';
import { folderSource } from './folder-source.ts';
import { HeadCopies } from './head-copies.ts';
import { HeadCopy } from './head-copy.ts';
import { makeKey, readKey } from './key-file.ts';
import {
  type Contradiction,
  contradicts,
  nameOf,
  type SignedHead,
  signedHead,
  unavailable,
} from './known-head.ts';
import type { PreviousLog } from './log-entry.ts';
import type { LogPlaces } from './log-places.ts';
import type { LogStore } from './log-store.ts';
import { type LogThread, startLogThread } from './log-thread.ts';
import { beginNext, prepareNext, settle } from './next-log.ts';
import type { Head, KnownHead, LogRow, PublishedLog } from './published.ts';
import { LATE, Publisher } from './publisher.ts';
import { removeWithdrawn, withdrawOlder } from './retention.ts';

/** What a person must be told of; beside it stands what is known, as words and numbers. */
export type LogAlarm = 'log-rolled-back' | 'head-copy-failed' | 'witness-unreachable';

/** What a witness says that it last cosigned of our log. */
export interface WitnessedHead {
  readonly size: number;
  /** Hex, where it is known. */
  readonly root?: string;
  /** It says itself that ours is another, whatever its root is. */
  readonly other?: boolean;
}

export interface PublishedLogOptions {
  readonly places: LogPlaces;
  readonly store: LogStore;
  /** Name of the log; null: the one that it has, or a random one. */
  readonly name: string | null;
  /** A file on another volume; null for none. */
  readonly headCopy: string | null;
  /** Milliseconds since 1970. */
  now(): number;
  /** Asks witnesses for what they last cosigned. Rejects where one of them cannot be asked. */
  askWitnesses?(origin: string, checkpoint: string): Promise<readonly WitnessedHead[]>;
  /** `ours` and `theirs` are heads in words. */
  alarm(
    kind: LogAlarm,
    about: { readonly expected?: string; readonly found?: string; readonly source?: string },
  ): void;
  /** For the log of the process: what happened, in words. */
  say(what: string): void;
  /** For the log of the process. */
  failed(what: string, error: unknown): void;
  /** How long entries may wait to be published before nothing more is taken in, ms. */
  readonly lateAfter?: number;
}

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

/** What somebody outside of the ledger knows, and it contradicts; null where nothing does. Without a key nobody is asked. */
export async function contradiction(
  options: PublishedLogOptions,
  { row, signer, sealed }: Pick<Running, 'row' | 'sealed'> & { readonly signer: SignerKey | null },
  copy: HeadCopy | null,
): Promise<Contradiction | null> {
  const { places, store, alarm, failed } = options;
  const logs = await store.logs();
  const check = async (head: SignedHead | null, from: KnownHead['from']): Promise<Contradiction | null> => {
    if (!head || !(await contradicts(store, logs, head))) return null;
    return { log: head.log, size: head.size, root: head.root, from };
  };

  const told = await readContradiction(places.contradiction, row);
  if (told) return told;
  const note = await folderSource(places.running).read('checkpoint');
  const own = await check(note && signedHead(Buffer.from(note).toString('utf8'), [row]), 'checkpoint');
  if (own) return own;
  if (copy) {
    const copied = await readCopy(copy, logs, (error) => {
      alarm('head-copy-failed', {});
      failed('the copy of the head could not be read', error);
    });
    if (copied && !logs.some(({ origin }) => nameOf(origin) === nameOf(copied.log.origin)))
      throw unavailable(
        `the copy of the log's head is of ${copied.log.origin}, and this ledger is ${row.origin}: give this one a file of ` +
          'its own (SALLYPORT_HEAD_COPY), or restore the data folder that belongs to it',
      );
    const known = await check(copied, 'head-copy');
    if (known) return known;
  }
  if (!options.askWitnesses || signer === null) return null;
  try {
    const root = sealed ? Buffer.from(sealed.root, 'hex') : emptyRoot();
    const size = sealed?.size ?? 0;
    const checkpoint = noteBytes(signCheckpoint({ origin: row.origin, size, root, extensions: [] }, signer));
    for (const head of await options.askWitnesses(row.origin, checkpoint)) {
      const known = await witnessed(store, row, sealed, head);
      if (known) return known;
    }
  } catch (error) {
    alarm('witness-unreachable', {});
    failed('the witnesses could not be asked what they know', error);
  }
  return null;
}

async function readCopy(
  copy: HeadCopy,
  logs: readonly LogRow[],
  failed: (error: unknown) => void,
): Promise<SignedHead | null> {
  try {
    return await copy.read(logs);
  } catch (error) {
    // One of another ledger is for a person; one that cannot be reached is an alarm, and compared when it can be.
    if (error instanceof Error && 'code' in error && error.code === 'unavailable') throw error;
    failed(error);
    return null;
  }
}

async function witnessed(
  store: LogStore,
  log: LogRow,
  sealed: Head | null,
  { size, other = false, ...head }: WitnessedHead,
): Promise<Contradiction | null> {
  const root = head.root ?? null;
  const known = { log, size, root, from: 'witness' } as const;
  if (other || size > (sealed?.size ?? 0)) return known;
  if (root === null || size === 0) return null;
  return (await store.headAt(log.number, size))?.root === root ? null : known;
}

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
    const { size, root, from } = known;
    await writeDurable(
      places.contradiction,
      Buffer.from(JSON.stringify({ log: row.number, size, root, from })),
    );
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
        const stamp = () => ({ id: `withdrawal-${options.now()}`, time: options.now() });
        const done = await withdrawOlder(store, { log, thread, signed, before, policy, stamp });
        if (done) publisher.appended(done.seq);
        entries += done?.entries ?? 0;
      } finally {
        if (!running) await thread.close();
      }
    }
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

/** What a withdrawal that was cut short left. */
async function finishWithdrawals({ places, store }: PublishedLogOptions, running: Running): Promise<void> {
  if ((await store.clearWithdrawn(0)) === 0) return;
  for (const { number, base, minimum } of await store.logs()) {
    if (number === running.row.number) await removeWithdrawn(store, running.thread, 0, minimum);
    else {
      const folder = places.ended(number);
      const thread = await startLogThread({ path: places.database, folder, extent: { base, minimum } });
      await thread.call('withdrawn', [0, minimum]).finally(() => thread.close());
    }
  }
}

/** Bytes that are read of it. */
const MAX_CONTRADICTION = 4096;

/** What was written down when the log was contradicted; null where it was of an earlier log, or there is nothing. */
async function readContradiction(path: string, log: LogRow): Promise<Contradiction | null> {
  const text = (await readUpTo(path, MAX_CONTRADICTION))?.toString('utf8') ?? null;
  if (text === null) return null;
  let told: { log?: unknown; size?: unknown; root?: unknown; from?: unknown };
  try {
    told = JSON.parse(text) as typeof told;
  } catch {
    throw unavailable(`${path} says that the log was contradicted, and cannot be read`);
  }
  if (told.log !== log.number) return null;
  const { size, root, from } = told;
  const known = from === 'witness' || from === 'head-copy' || from === 'checkpoint';
  if (!Number.isSafeInteger(size) || Number(size) < 0 || !known)
    throw unavailable(`${path} says that the log was contradicted, and cannot be read`);
  return { log, size: Number(size), root: typeof root === 'string' ? root : null, from };
}

function wordsOf({ size, root }: { readonly size: number; readonly root: string | null }): string {
  return root === null ? `a head of ${size} entries` : `a head of ${size} entries with the root ${root}`;
}
