import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { Lockfile } from '../../src/ecosystems/lockfile.ts';
import { readAs, versionsOf } from './pypi-lockfiles.ts';

/*
 * Lockfiles that the clients themselves wrote for one project (httpx with an extra; an sdist alone; wheels alone, with a
 * marker; markers on Python's version; a repository), with other host names.
 */
function real(path: string): Lockfile {
  const text = readFileSync(join(import.meta.dirname, '../fixtures/lockfiles/pypi', path), 'utf8');
  return readAs(path.split('/').at(-1) ?? path, text);
}

/** `name version` → digests, of what comes from an index. */
function pinsOf(lockfile: Lockfile): Map<string, readonly string[]> {
  const own = lockfile.packages.filter(({ source }) => source === 'registry');
  return new Map(own.map(({ name, version, digests }) => [`${name} ${version}`, digests]));
}

const ALL = [
  'anyio 4.14.2',
  'certifi 2026.10.18',
  'docopt 0.6.2',
  'exceptiongroup 1.3.1',
  'gitdep 1.0.0 git',
  'h11 0.16.0',
  'httpcore 1.0.9',
  'httpx 0.27.2',
  'idna 3.20',
  'pysocks 1.7.1',
  'pywin32 310',
  'sniffio 1.3.1',
  'socksio 1.0.0',
  'tomli 2.0.1',
  'typing-extensions 4.12.2',
];
const FOR_311 = ALL.filter((one) => !/exceptiongroup|gitdep|pywin32|tomli/.test(one));

test.each<[path: string, format: string, versions: readonly string[]]>([
  ['uv.lock', 'uv.lock', ALL],
  ['poetry.lock', 'poetry.lock', ALL],
  ['poetry-1/poetry.lock', 'poetry.lock', ALL],
  ['pdm.lock', 'pdm.lock', ALL],
  ['pdm.urls.lock', 'pdm.lock', ALL],
  ['pylock.uv.toml', 'pylock.toml', ALL],
  ['pylock.pdm.toml', 'pylock.toml', ALL],
  // What has no version of its own there is a note alone.
  ['requirements-uv.txt', 'requirements', ALL.filter((one) => !one.startsWith('gitdep'))],
  ['requirements-universal.txt', 'requirements', ALL.filter((one) => !one.startsWith('gitdep'))],
  ['Pipfile.lock', 'Pipfile.lock', ALL.filter((one) => !/^(?:gitdep|exceptiongroup)/.test(one))],
  // For one Python on one system.
  ['requirements.txt', 'requirements', FOR_311],
  ['pylock.toml', 'pylock.toml', FOR_311],
])('%s', (path, format, versions) => {
  const lockfile = real(path);
  expect(lockfile.format).toBe(format);
  expect(versionsOf(lockfile)).toEqual(versions);
  for (const locked of lockfile.packages) {
    expect(locked).toMatchObject({ ecosystem: 'pypi', single: false, installScripts: false });
    expect(locked.line).toBeGreaterThan(0);
    if (locked.source === 'registry') expect(locked.digests).not.toEqual([]);
    expect(locked.undigested).toBe(locked.source === 'registry' ? null : 'none');
  }
});

test('lines are those of the entries', () => {
  for (const path of [
    'uv.lock',
    'poetry.lock',
    'pdm.lock',
    'requirements.txt',
    'Pipfile.lock',
    'pylock.toml',
  ]) {
    const text = readFileSync(join(import.meta.dirname, '../fixtures/lockfiles/pypi', path), 'utf8');
    for (const { name, line } of real(path).packages) {
      const near = text.split('\n').slice((line ?? 0) - 1, (line ?? 0) + 1);
      expect(near.join('\n').toLowerCase()).toContain(name);
    }
  }
});

test('the clients that keep all files agree on every digest, and so do those that keep the ones for this project', () => {
  const every = pinsOf(real('poetry.lock'));
  expect(pinsOf(real('poetry-1/poetry.lock'))).toEqual(every);
  expect(pinsOf(real('requirements-universal.txt'))).toEqual(every);
  for (const [version, digests] of pinsOf(real('Pipfile.lock'))) expect(digests).toEqual(every.get(version));
  for (const [version, digests] of pinsOf(real('requirements.txt')))
    expect(digests).toEqual(every.get(version));

  const fitting = pinsOf(real('uv.lock'));
  for (const path of [
    'pdm.lock',
    'pdm.urls.lock',
    'pylock.uv.toml',
    'pylock.pdm.toml',
    'requirements-uv.txt',
  ])
    expect(pinsOf(real(path)), path).toEqual(fitting);
  for (const one of [fitting, pinsOf(real('pylock.toml'))]) {
    for (const [version, digests] of one)
      expect(every.get(version)).toEqual(expect.arrayContaining([...digests]));
  }
});

test('addresses are as they were written, where the lockfile has them', () => {
  const resolvedIn = (path: string, name: string) =>
    real(path).packages.find((locked) => locked.name === name)?.resolved;
  for (const path of ['uv.lock', 'poetry.lock', 'poetry-1/poetry.lock', 'pylock.uv.toml'])
    expect(resolvedIn(path, 'idna'), path).toBe('https://index.example/simple');
  for (const path of ['pdm.lock', 'requirements.txt', 'pylock.toml'])
    expect(resolvedIn(path, 'idna'), path).toBeNull();
  // pipenv names the index for what the project asks for itself.
  expect(resolvedIn('Pipfile.lock', 'docopt')).toBe('https://index.example/simple');
  expect(resolvedIn('uv.lock', 'gitdep')).toMatch(/^https:\/\/git\.example\/gitdep#[0-9a-f]{40}$/);
});

test('what comes from a repository is noted in each', () => {
  for (const path of [
    'uv.lock',
    'poetry.lock',
    'pdm.lock',
    'pylock.uv.toml',
    'requirements-uv.txt',
    'Pipfile.lock',
  ])
    expect(real(path).notes).toEqual([
      { line: expect.any(Number), what: expect.stringMatching(/^gitdep: comes from a repository/) },
    ]);
  expect(real('requirements-universal.txt').notes).toEqual([
    { line: 3, what: 'the file names an index of its own' },
  ]);
});
