import type { Config } from './config.ts';
import type { Out } from './ledger-commands/given.ts';

/** `sallyport init`. */
export async function init(_config: Config, _options: { readonly json?: true }, _out: Out): Promise<number> {
  throw new Error('not yet');
}
