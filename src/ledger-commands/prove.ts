import type { LedgerProofOptions } from '../cli/ledger-program.ts';
import type { Given } from './given.ts';

/** `sallyport ledger prove`. */
export async function prove(_given: Given, _entry: string, _options: LedgerProofOptions): Promise<number> {
  throw new Error('not yet');
}
