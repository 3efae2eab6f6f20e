import { Writable } from 'node:stream';
import { CommanderError } from 'commander';
import { program } from '../../src/cli/program.ts';
import { actions } from '../../src/run.ts';

/** What a command did. */
export interface Ran {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a `sallyport` command in this process, as `main.ts` does, with these settings and no others. */
export async function sallyport(env: Readonly<Record<string, string>>, ...args: string[]): Promise<Ran> {
  const written = { stdout: '', stderr: '' };
  const stream = (name: keyof typeof written) =>
    new Writable({
      write(text: Buffer, _encoding, done) {
        written[name] += text;
        done();
      },
    });
  const process = { env, stdout: stream('stdout'), stderr: stream('stderr') } as unknown as NodeJS.Process;
  let code = -1;
  const root = program(actions(process, '0.0.0-test'), '0.0.0-test', (exit) => {
    code = exit;
  });
  const quiet = {
    writeOut: (text: string) => void process.stdout.write(text),
    writeErr: (text: string) => void process.stderr.write(text),
  };
  for (const command of [root, ...root.commands, ...root.commands.flatMap((one) => one.commands)])
    command.configureOutput(quiet);
  try {
    await root.parseAsync(['node', 'sallyport', ...args]);
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    code = error.exitCode === 0 ? 0 : 2;
  }
  return { code, ...written };
}

/** Lines of JSON. */
// biome-ignore lint/suspicious/noExplicitAny: a test looks into lines member by member and compares each
export function linesOf({ stdout }: Ran): any[] {
  return stdout
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line));
}
