import type { LedgerRotateOptions } from '../cli/ledger-program.ts';
import type { Given } from './given.ts';

/** `sallyport ledger rotate`. */
export async function rotate(_given: Given, _options: LedgerRotateOptions): Promise<number> {
  throw new Error('not yet');
}
