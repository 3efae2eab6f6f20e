import type { Config } from '../config.ts';
import type { Terminal } from '../policy-commands/terminal.ts';

export async function feedUpdate(
  _config: Config,
  _from: readonly string[],
  _now: () => number,
  _options: { readonly json?: true },
  _terminal: Terminal,
): Promise<number> {
  throw new Error('not yet');
}

export async function feedShow(
  _config: Config,
  _now: number,
  _options: { readonly json?: true },
  _terminal: Terminal,
): Promise<number> {
  throw new Error('not yet');
}
