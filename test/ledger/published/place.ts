import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import type { Ledger } from '../../../src/ledger/ledger.ts';
import { openCheckpoint } from '../../../src/ledger/log/checkpoint.ts';
import { leafHashOf } from '../../../src/ledger/log/hash.ts';
import { hashReader, type LogSource, readEntry } from '../../../src/ledger/log/log-source.ts';
import { rootAt } from '../../../src/ledger/log/merkle-proof.ts';
import { verifierKey } from '../../../src/ledger/log/note.ts';
import { type OpenLedger, openLedger } from '../../../src/ledger/open.ts';
import { folderSource } from '../../../src/ledger/published/folder-source.ts';
import { LogPlaces } from '../../../src/ledger/published/log-places.ts';
import { type OpenPublishedLog, openPublishedLog } from '../../../src/ledger/published/open.ts';
import type { PublishedLogOptions } from '../../../src/ledger/published/options.ts';
import { publishedLedger } from '../../../src/ledger/published/published-ledger.ts';
import { temporaryFolder } from '../samples.ts';

export interface Place {
  readonly dir: string;
  readonly places: LogPlaces;
  readonly store: OpenLedger['store'];
  /** With its log: as the server has it. */
  readonly ledger: Ledger;
  readonly log: OpenPublishedLog;
  /** What the log said to its process. */
  readonly said: readonly string[];
  readonly faults: readonly unknown[];
  readonly alarms: readonly { readonly kind: string; readonly expected?: string; readonly found?: string }[];
  close(): Promise<void>;
}

/** A ledger with its published log, in a folder. */
export async function openPlace(
  dir: string = temporaryFolder(),
  given: Partial<PublishedLogOptions> & { readonly keyFile?: string } = {},
): Promise<Place> {
  mkdirSync(dir, { recursive: true });
  const opened = await openLedger({ dir });
  const said: string[] = [];
  const faults: unknown[] = [];
  const alarms: { kind: string; expected?: string; found?: string }[] = [];
  const places = new LogPlaces(dir, given.keyFile);
  let log: OpenPublishedLog;
  try {
    log = await openPublishedLog({
      places,
      store: opened.store,
      name: null,
      headCopy: null,
      now: Date.now,
      alarm: (kind, about) => alarms.push({ kind, ...about }),
      say: (what) => said.push(what),
      failed: (_what, error) => faults.push(error),
      ...given,
    });
  } catch (error) {
    await opened.close();
    throw error;
  }
  let closed: Promise<void> | null = null;
  const close = () => {
    closed ??= log.close().finally(() => opened.close());
    return closed;
  };
  onTestFinished(close);
  return {
    dir,
    places,
    store: opened.store,
    ledger: publishedLedger(opened, log),
    log,
    said,
    faults,
    alarms,
    close,
  };
}

export interface Audited {
  readonly origin: string;
  readonly size: number;
  readonly root: string;
  /** Every entry's exact bytes. */
  readonly entries: readonly string[];
}

/**
 * Checks a log from its files alone: the signature by the key beside it, the root by the tiles, every entry by its leaf
 * hash. Throws where anything is wrong.
 */
export async function audit(folder: string): Promise<Audited> {
  const vkey = readFileSync(join(folder, 'vkey'), 'utf8').trimEnd();
  const { origin, size, root } = openCheckpoint(readFileSync(join(folder, 'checkpoint')), verifierKey(vkey));
  const source = keepingLast(folderSource(folder));
  const read = hashReader(source, size);
  if (!(await rootAt(size, read)).equals(root)) throw new Error('the tiles are not those of the checkpoint');
  const entries: string[] = [];
  for (let index = 0; index < size; index++) {
    const entry = await readEntry(source, size, index);
    if (!leafHashOf(entry).equals(await read(0, index))) throw new Error(`entry ${index} is another`);
    entries.push(entry.toString());
  }
  return { origin, size, root: root.toString('hex'), entries };
}

/** Reads a file once that is asked for again and again. */
function keepingLast(source: LogSource): LogSource {
  let last: { path: string; bytes: Promise<Uint8Array | null> } | null = null;
  return {
    read(path) {
      if (last?.path !== path) last = { path, bytes: source.read(path) };
      return last.bytes;
    },
  };
}

/** The checkpoint that lies in a log. */
export function checkpointIn(folder: string): string {
  return readFileSync(join(folder, 'checkpoint'), 'utf8');
}
