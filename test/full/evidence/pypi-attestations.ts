import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { uvOf } from '../../harness/clients.ts';

const LOCK = join(import.meta.dirname, 'pypi-attestations.txt');

/**
 * Puts PyPI's own verifier of PEP 740 objects into an environment outside the project, from the lockfile beside this
 * script, unless it is there; resolves with its command. `folder` is that of the clients.
 */
export async function installPypiAttestations(folder: string): Promise<string> {
  const venv = join(tmpdir(), 'sallyport-pypi-attestations');
  const stamp = join(venv, 'stamp');
  const wanted = createHash('sha256')
    .update(await readFile(LOCK))
    .digest('hex');
  if ((await readFile(stamp, 'utf8').catch(() => null)) !== wanted) {
    await rm(venv, { recursive: true, force: true });
    const uv = (...args: string[]) => promisify(execFile)(uvOf(folder), args);
    await uv('venv', '--quiet', '--python', join(folder, 'uv', 'bin', 'python'), venv);
    const python = join(venv, 'bin', 'python');
    await uv('pip', 'install', '--quiet', '--python', python, '--require-hashes', '-r', LOCK);
    await writeFile(stamp, wanted);
  }
  return join(venv, 'bin', 'pypi-attestations');
}
