import { execFile } from 'node:child_process';
import { chmod, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { promisify } from 'node:util';
import type { Foreign } from './world.ts';

const run = promisify(execFile);

/** Nobody's settings, and no prompt. */
const ENV = {
  PATH: process.env['PATH'] ?? '',
  GIT_CONFIG_GLOBAL: '/dev/null',
  GIT_CONFIG_NOSYSTEM: '1',
  GIT_AUTHOR_NAME: 'nobody',
  GIT_AUTHOR_EMAIL: 'nobody@example.com',
  GIT_COMMITTER_NAME: 'nobody',
  GIT_COMMITTER_EMAIL: 'nobody@example.com',
};

/**
 * Puts a repository with these files, in one commit, below `path` of the other host: as plain files, which git fetches
 * where the server is no more than that ("dumb" HTTP). Files that begin with `#!` are executable.
 */
export async function putRepository(
  foreign: Foreign,
  path: string,
  files: Readonly<Record<string, string>>,
): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'repository-'));
  try {
    const git = (...args: string[]) => run('git', args, { cwd: folder, env: ENV });
    await git('init', '--quiet', '--initial-branch=main');
    for (const [name, text] of Object.entries(files)) {
      await writeFile(join(folder, name), text);
      if (text.startsWith('#!')) await chmod(join(folder, name), 0o755);
    }
    await git('add', '--all');
    await git('commit', '--quiet', '--message', 'all');
    await git('update-server-info');
    const inner = join(folder, '.git');
    for (const entry of await readdir(inner, { recursive: true, withFileTypes: true })) {
      if (!entry.isFile()) continue;
      const file = join(entry.parentPath, entry.name);
      foreign.put(`${path}/${relative(inner, file)}`, await readFile(file));
    }
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
