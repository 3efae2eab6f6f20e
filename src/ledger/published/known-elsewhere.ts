import { signCheckpoint } from '../log/checkpoint.ts';
import { emptyRoot } from '../log/hash.ts';
import { noteBytes, type SignerKey } from '../log/note.ts';
import { readContradiction } from './contradiction-file.ts';
import { folderSource } from './folder-source.ts';
import type { HeadCopy } from './head-copy.ts';
import {
  type Contradiction,
  contradicts,
  nameOf,
  type SignedHead,
  signedHead,
  unavailable,
} from './known-head.ts';
import type { LogStore } from './log-store.ts';
import type { PublishedLogOptions, WitnessedHead } from './options.ts';
import type { Head, KnownHead, LogRow } from './published.ts';
import type { Running } from './running-log.ts';

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
