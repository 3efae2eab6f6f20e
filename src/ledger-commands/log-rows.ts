import { openDatabase } from '../ledger/audit/database.ts';
import { LogPlaces } from '../ledger/published/log-places.ts';
import type { LogRow } from '../ledger/published/published.ts';

/** The logs of a data folder's ledger, the oldest first. Throws LedgerError. */
export function logRows(data: string): readonly LogRow[] {
  const database = openDatabase(new LogPlaces(data).database);
  try {
    return database.logs();
  } finally {
    database.close();
  }
}
