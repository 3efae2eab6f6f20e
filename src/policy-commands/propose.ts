import type { PolicyProposeOptions } from '../cli/program.ts';
import type { Config } from '../config.ts';
import type { Terminal } from './terminal.ts';

export async function policyPropose(
  _config: Config,
  _now: number,
  _options: PolicyProposeOptions,
  _terminal: Terminal,
): Promise<number> {
  throw new Error('not yet');
}
