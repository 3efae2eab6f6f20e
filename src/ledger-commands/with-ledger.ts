import type { Config } from '../config.ts';
import type { LedgerReader } from '../ledger/ledger.ts';
import { openLedgerReader } from '../ledger/open.ts';
import { readPseudonymKeys } from '../ledger/pseudonym-keys.ts';
import { namedQueries, Pseudonyms } from '../ledger/pseudonyms.ts';

/**
 * Opens the ledger of the data folder for looking, and closes it afterwards. A server may be running. Asked for an agent by
 * name, it finds what is entered under its pseudonyms too, as long as their keys are there.
 */
export async function withLedger<T>(config: Config, work: (reader: LedgerReader) => Promise<T>): Promise<T> {
  const reader = await openLedgerReader({ dir: config.data });
  try {
    return await work(await named(config, reader));
  } finally {
    await reader.close();
  }
}

async function named({ data }: Config, reader: LedgerReader): Promise<LedgerReader> {
  const keys = await readPseudonymKeys(data);
  if (keys.size === 0) return reader;
  const queries = namedQueries(reader, new Pseudonyms(keys, null));
  return {
    ...queries,
    memory: reader.memory,
    indexFaults: () => reader.indexFaults(),
    close: () => reader.close(),
  };
}
