import type { Config } from '../config.ts';
import type { LedgerReader } from '../ledger/ledger.ts';
import { openLedgerReader } from '../ledger/open.ts';

/** Opens the ledger of the data folder for looking, and closes it afterwards. A server may be running. */
export async function withLedger<T>(config: Config, work: (reader: LedgerReader) => Promise<T>): Promise<T> {
  const reader = await openLedgerReader({ dir: config.data });
  try {
    return await work(reader);
  } finally {
    await reader.close();
  }
}
