import type { LedgerExportOptions } from '../cli/ledger-program.ts';
import type { Given } from './given.ts';

/** `sallyport ledger export`. */
export async function exportEntries(_given: Given, _options: LedgerExportOptions): Promise<number> {
  throw new Error('not yet');
}
