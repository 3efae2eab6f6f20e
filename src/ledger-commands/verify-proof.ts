import type { LedgerProofOptions } from '../cli/ledger-program.ts';
import type { Given } from './given.ts';

/** `sallyport ledger verify-proof`. */
export async function verifyProof(
  _given: Given,
  _file: string,
  _options: LedgerProofOptions,
): Promise<number> {
  throw new Error('not yet');
}
