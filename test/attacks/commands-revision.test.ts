import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { RevisionError, readRevision } from '../../src/policy-commands/revision.ts';
import { type Place, place } from '../policy-commands/place.ts';

const OLD = 'profile: default\nallow:\n  - npm: express\n';
const NEW = 'profile: default\nallow:\n  - npm: express\n  - npm: evil\n';

/** A repository with `OLD` in its one commit, on a branch `main` and as `origin/main`. */
function repository(): Place & { git(...args: string[]): string } {
  const here = place({ 'allowlists/default.yaml': OLD });
  const git = (...args: string[]): string =>
    execFileSync('git', ['-c', 'user.name=a', '-c', 'user.email=a@example.test', ...args], {
      cwd: here.root,
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    });
  git('init', '-q', '-b', 'main');
  git('add', '.');
  git('commit', '-q', '-m', 'first');
  git('update-ref', 'refs/remotes/origin/main', 'HEAD');
  return { ...here, git };
}

test('a folder that a change brings along does not pass for the branch that it is compared with', async () => {
  const here = repository();
  here.write({ 'allowlists/default.yaml': NEW, 'origin/main/default.yaml': NEW });
  const allowlists = join(here.root, 'allowlists');
  const before = process.cwd();
  process.chdir(here.root);
  try {
    await expect(readRevision('origin/main', allowlists)).rejects.toBeInstanceOf(RevisionError);
    const revision = await readRevision('refs/remotes/origin/main', allowlists);
    expect(revision.policy.profiles.get('default')?.ecosystems.get('npm')?.allow.best('evil')).toBeNull();
    // What is spelled as a path is one.
    expect((await readRevision('./origin/main', allowlists)).commit).toBeNull();
    expect((await readRevision('allowlists', allowlists)).commit).toBeNull();
  } finally {
    process.chdir(before);
  }
});

test('a repository whose configuration names a program for what is missing does not run it', async () => {
  const here = repository();
  const ran = join(here.root, 'ran');
  here.git('config', 'extensions.partialClone', 'origin');
  here.git('config', 'core.repositoryFormatVersion', '1');
  here.git('config', 'remote.origin.promisor', 'true');
  here.git('config', 'remote.origin.url', `ext::touch ${ran}`);
  for (const protocol of ['ext', 'file', 'ssh', 'git', 'http', 'https'])
    here.git('config', `protocol.${protocol}.allow`, 'always');
  const blob = here.git('rev-parse', 'HEAD:allowlists/default.yaml').trim();
  rmSync(join(here.root, '.git/objects', blob.slice(0, 2), blob.slice(2)));
  await expect(readRevision('HEAD', join(here.root, 'allowlists'))).rejects.toThrow();
  expect(existsSync(ran), readdirSync(here.root).join()).toBe(false);
});

test('a commit is read as it is, not as a local replacement of it', async () => {
  const here = repository();
  const first = here.git('rev-parse', 'HEAD').trim();
  here.write({ 'allowlists/default.yaml': NEW });
  here.git('commit', '-q', '-a', '-m', 'second');
  here.git('replace', first, here.git('rev-parse', 'HEAD').trim());
  const { policy } = await readRevision(first, join(here.root, 'allowlists'));
  expect(policy.profiles.get('default')?.ecosystems.get('npm')?.allow.best('evil')).toBeNull();
});
