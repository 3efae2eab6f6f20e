import type { LedgerVerifyOptions } from '../cli/ledger-program.ts';
import type { Given } from './given.ts';

/** `sallyport ledger verify`. */
export async function verify(_given: Given, _options: LedgerVerifyOptions): Promise<number> {
  throw new Error('not yet');
}
