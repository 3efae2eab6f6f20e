import type { ImportOptions } from '../cli/program.ts';
import type { Config } from '../config.ts';
import type { Terminal } from '../policy-commands/terminal.ts';

export async function importLockfiles(
  _config: Config,
  _env: Readonly<Record<string, string | undefined>>,
  _version: string,
  _files: readonly string[],
  _options: ImportOptions,
  _terminal: Terminal,
): Promise<number> {
  throw new Error('not yet');
}
