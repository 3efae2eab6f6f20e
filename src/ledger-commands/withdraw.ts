import type { LedgerWithdrawOptions } from '../cli/ledger-program.ts';
import type { Given } from './given.ts';

/** `sallyport ledger withdraw`. */
export async function withdraw(_given: Given, _options: LedgerWithdrawOptions): Promise<number> {
  throw new Error('not yet');
}
