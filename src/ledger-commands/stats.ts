import type { LedgerStatsOptions } from '../cli/ledger-program.ts';
import type { Given } from './given.ts';

/** `sallyport ledger stats`. */
export async function stats(_given: Given, _options: LedgerStatsOptions): Promise<number> {
  throw new Error('not yet');
}
