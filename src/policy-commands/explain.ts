import type { CheckOptions } from '../cli/program.ts';
import type { Config } from '../config.ts';
import type { Terminal } from './terminal.ts';

export async function policyExplain(
  _config: Config,
  _subject: string,
  _now: number,
  _options: CheckOptions,
  _terminal: Terminal,
): Promise<number> {
  throw new Error('not yet');
}
