import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

const LOCK = join(import.meta.dirname, 'schemathesis.txt');

/**
 * Puts schemathesis into an environment outside the project, from the lockfile beside this script, unless it is there;
 * resolves with its command, or in words with why it cannot be had here.
 */
export async function installSchemathesis(): Promise<{ command: string } | { missing: string }> {
  const venv = join(tmpdir(), 'sallyport-schemathesis');
  const stamp = join(venv, 'stamp');
  const wanted = createHash('sha256')
    .update(await readFile(LOCK))
    .digest('hex');
  const command = join(venv, 'bin', 'schemathesis');
  if ((await readFile(stamp, 'utf8').catch(() => null)) === wanted) return { command };
  const run = promisify(execFile);
  try {
    await rm(venv, { recursive: true, force: true });
    await run('python3', ['-m', 'venv', venv]);
    const install = ['install', '--quiet', '--disable-pip-version-check', '--require-hashes'];
    await run(join(venv, 'bin', 'pip'), [...install, '--only-binary', ':all:', '-r', LOCK], {
      timeout: 240_000,
    });
    await writeFile(stamp, wanted);
    return { command };
  } catch (error) {
    const { stderr } = error as { stderr?: string };
    return { missing: stderr?.trim().split('\n').at(-1) ?? String(error) };
  }
}
