import { existsSync } from 'node:fs';
import { LedgerError } from './ledger.ts';
import { lockFolder } from './lock.ts';
import { databaseIn, type LedgerOptions } from './open.ts';
import { openForWriting } from './sqlite/database.ts';
import { emptyPlaceState, fillPlaces } from './sqlite/place-claims.ts';
import { emptyIndex, type IndexCounts, indexCounts, rebuildIndex, sumIndex } from './sqlite/rebuild.ts';

/**
 * Makes the query index of a stopped server's ledger anew from its entries, and its memory of places whole, in bounded transactions: where it is broken off,
 * the next start or `reindex` goes on. `progress` is told how many entries are done. Rejects with LedgerError `locked` where a
 * process has the folder, and `unavailable` where there is no ledger or it cannot be written.
 */
export async function reindexLedger(
  { dir }: LedgerOptions,
  progress: (entries: number) => void = () => undefined,
): Promise<IndexCounts> {
  const path = databaseIn(dir);
  if (!existsSync(path)) throw new LedgerError('unavailable', `there is no ledger at ${path}`);
  const release = await lockFolder(dir);
  try {
    const db = openForWriting(path);
    try {
      emptyIndex(db);
      rebuildIndex(db, progress);
      emptyPlaceState(db);
      fillPlaces(db);
      sumIndex(db);
      db.pragma('wal_checkpoint(TRUNCATE)');
      return indexCounts(db);
    } finally {
      db.close();
    }
  } catch (error) {
    if (error instanceof LedgerError) throw error;
    throw new LedgerError('unavailable', `the ledger at ${path} cannot be indexed: ${String(error)}`, {
      cause: error,
    });
  } finally {
    release();
  }
}
