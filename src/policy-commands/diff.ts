import type { PolicyDiffOptions } from '../cli/program.ts';
import type { Config } from '../config.ts';
import type { Terminal } from './terminal.ts';

export async function policyDiff(
  _config: Config,
  _before: string,
  _after: string,
  _now: number,
  _options: PolicyDiffOptions,
  _terminal: Terminal,
): Promise<number> {
  throw new Error('not yet');
}
