import type { LedgerKeepOptions } from '../cli/ledger-program.ts';
import type { Given } from './given.ts';

/** `sallyport ledger reindex`. */
export async function reindex(_given: Given, _options: LedgerKeepOptions): Promise<number> {
  throw new Error('not yet');
}
