import type { PolicyOptions } from '../cli/program.ts';
import type { Config } from '../config.ts';
import type { Terminal } from './terminal.ts';

export async function policyLint(
  _config: Config,
  _now: number,
  _options: PolicyOptions,
  _terminal: Terminal,
): Promise<number> {
  throw new Error('not yet');
}
