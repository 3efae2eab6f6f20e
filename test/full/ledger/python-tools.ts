import { execFile, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

const LOCK = join(import.meta.dirname, 'exports.txt');
const CHECK = join(import.meta.dirname, 'check_exports.py');

/** What exports are held against. */
export interface Job {
  readonly ocsf: readonly unknown[];
  readonly cyclonedx: readonly string[];
  readonly dsse: readonly string[];
  readonly pem: string;
}

/** What was found wrong, by format. */
export type Problems = Readonly<Record<'ocsf' | 'cyclonedx' | 'dsse' | 'statements', readonly string[]>>;

/** Puts the programs of others into an environment outside the project, from the lockfile beside this, unless it is there. */
export async function installPythonTools(): Promise<string> {
  const venv = join(tmpdir(), 'sallyport-exports');
  const python = join(venv, 'bin', 'python');
  const stamp = join(venv, 'stamp');
  const wanted = createHash('sha256')
    .update(await readFile(LOCK))
    .digest('hex');
  if ((await readFile(stamp, 'utf8').catch(() => null)) !== wanted) {
    await rm(venv, { recursive: true, force: true });
    const run = promisify(execFile);
    await run('python3', ['-m', 'venv', venv]);
    await run(python, [
      '-m',
      'pip',
      'install',
      '--quiet',
      '--require-hashes',
      '--only-binary',
      ':all:',
      '-r',
      LOCK,
    ]);
    await writeFile(stamp, wanted);
  }
  return python;
}

export function check(python: string, job: Job): Problems {
  const ran = spawnSync(python, [CHECK], {
    input: JSON.stringify(job),
    encoding: 'utf8',
    maxBuffer: 2 ** 26,
  });
  if (ran.status !== 0) throw new Error(`the checks did not run: ${ran.stderr}`);
  return JSON.parse(ran.stdout) as Problems;
}
