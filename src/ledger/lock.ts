import { chmod, open } from 'node:fs/promises';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { ensureDir } from '../disk/durable.ts';
import { LedgerError } from './ledger.ts';

/** Gives the folder free. */
export type Release = () => void;

/**
 * Takes a folder for this process alone, or throws LedgerError `locked`, whose words name the `setting` that
 * gives another one. The lock is SQLite's exclusive
 * lock on `<folder>/lock.db` (fcntl on Linux and macOS): the kernel drops it with the process, however that
 * ends, so that nothing has to be cleaned up after kill -9. Nothing is ever written to the file.
 */
export async function lockFolder(
  folder: string,
  setting: 'SALLYPORT_DATA' | 'SALLYPORT_VAULT' = 'SALLYPORT_DATA',
): Promise<Release> {
  let db: Database.Database | undefined;
  try {
    await ensureDir(folder);
    const path = join(folder, 'lock.db');
    await makePrivate(path);
    db = new Database(path, { timeout: 0 });
    db.exec('BEGIN EXCLUSIVE');
  } catch (error) {
    db?.close();
    const busy = error instanceof Database.SqliteError && error.code.startsWith('SQLITE_BUSY');
    throw busy
      ? new LedgerError(
          'locked',
          `the folder ${folder} is in use by another sallyport; stop it, or give this one a folder of its own (${setting})`,
          { cause: error },
        )
      : new LedgerError('unavailable', `the folder ${folder} cannot be locked: ${String(error)}`, {
          cause: error,
        });
  }
  const held = db;
  return () => {
    held.close();
  };
}

/**
 * Whoever can open the file can hold it, and keep this process out: nobody but its user may. It is opened only
 * to make it: to close a file gives up every lock that the process has on it.
 */
async function makePrivate(path: string): Promise<void> {
  try {
    await (await open(path, 'wx', 0o600)).close();
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error;
    await chmod(path, 0o600);
  }
}
