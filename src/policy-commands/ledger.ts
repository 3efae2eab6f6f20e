import { access } from 'node:fs/promises';
import { join } from 'node:path';
import type { Config } from '../config.ts';
import type { LedgerReader } from '../ledger/ledger.ts';
import { openLedgerReader } from '../ledger/open.ts';

/** The ledger, for looking only; null where there is none yet. One that is there and cannot be read is an error. */
export async function openLedgerIfThere(config: Pick<Config, 'data'>): Promise<LedgerReader | null> {
  const there = await access(join(config.data, 'ledger', 'ledger.db')).then(
    () => true,
    (error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return false;
      throw error;
    },
  );
  return there ? openLedgerReader({ dir: config.data }) : null;
}
