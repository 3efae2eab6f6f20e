import type { LedgerKeepOptions } from '../cli/ledger-program.ts';
import type { Given } from './given.ts';

/** `sallyport ledger forget`. */
export async function forget(_given: Given, _tenant: string, _options: LedgerKeepOptions): Promise<number> {
  throw new Error('not yet');
}
