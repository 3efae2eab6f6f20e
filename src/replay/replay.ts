import type { LedgerKeepOptions } from '../cli/ledger-program.ts';
import type { Given } from '../ledger-commands/given.ts';

/** `sallyport replay ENTRY`. */
export async function replay(_given: Given, _entry: string, _options: LedgerKeepOptions): Promise<number> {
  throw new Error('not yet');
}
