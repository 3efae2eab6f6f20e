import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { ensureDir, syncFolder } from '../disk/durable.ts';
import type { Ledger, LedgerReader } from './ledger.ts';
import { LedgerError } from './ledger.ts';
import { lockFolder } from './lock.ts';
import type { LogStore } from './published/log-store.ts';
import type { WriterCalls } from './sqlite/protocol.ts';
import { SqliteLedger } from './sqlite/sqlite-ledger.ts';
import { SqliteReader } from './sqlite/sqlite-reader.ts';
import { Thread, threadModule } from './sqlite/thread.ts';

export interface LedgerOptions {
  /** The data folder: the database is `<dir>/ledger/ledger.db`, the lock `<dir>/lock.db`. */
  readonly dir: string;
}

/** A ledger with what it keeps of its transparency logs. */
export interface OpenLedger extends Ledger {
  readonly store: LogStore;
}

/**
 * Opens the embedded ledger for this process alone, and brings its schema up to date. Rejects with LedgerError
 * `locked` where another process has the folder, and `unavailable` where it cannot be written or is of a
 * newer sallyport.
 */
export async function openLedger({ dir }: LedgerOptions): Promise<OpenLedger> {
  const release = await lockFolder(dir);
  try {
    const folder = join(dir, 'ledger');
    await ensureDir(folder);
    const path = databaseIn(dir);
    // Made here, empty, with its mode: SQLite gives the same to the WAL. It does not sync the name of a
    // database that it makes; the folder's sync does.
    await (await open(path, 'a', 0o600)).close();
    await syncFolder(folder);
    const writer = await Thread.start<WriterCalls>(threadModule('writer'), { path });
    try {
      return new SqliteLedger(writer, await SqliteReader.open(path), release);
    } catch (error) {
      await writer.close();
      throw error;
    }
  } catch (error) {
    release();
    if (error instanceof LedgerError) throw error;
    throw new LedgerError('unavailable', `the ledger in ${dir} cannot be opened: ${String(error)}`, {
      cause: error,
    });
  }
}

/** Opens the ledger for looking only, while a server may be running. Rejects where there is none yet. */
export function openLedgerReader({ dir }: LedgerOptions): Promise<LedgerReader> {
  return SqliteReader.open(databaseIn(dir));
}

/** Where the database of a data folder is. */
export function databaseIn(dir: string): string {
  return join(dir, 'ledger', 'ledger.db');
}
