import type { Config } from '../config.ts';
import type { Terminal } from '../policy-commands/terminal.ts';

export async function policyReload(
  _config: Config,
  _options: { readonly expect?: string },
  _terminal: Terminal,
): Promise<number> {
  throw new Error('not yet');
}
