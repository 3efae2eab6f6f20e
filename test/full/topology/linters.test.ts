import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';

// What others look for in such files: hadolint and compose-lint, of the versions and digests in linters.txt.

const ROOT = join(import.meta.dirname, '..', '..', '..');

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'linters-'));
  execFileSync('python3', ['-m', 'venv', folder]);
  const lock = join(import.meta.dirname, 'linters.txt');
  const install = [
    'install',
    '--quiet',
    '--disable-pip-version-check',
    '--require-hashes',
    '--only-binary',
    ':all:',
  ];
  execFileSync(join(folder, 'bin/pip'), [...install, '-r', lock]);
});
afterAll(() => rm(folder, { recursive: true, force: true }));

function lint(tool: string, args: readonly string[], input?: string) {
  const { status, stdout } = spawnSync(join(folder, 'bin', tool), args, {
    encoding: 'utf8',
    cwd: ROOT,
    input,
  });
  return { status, stdout };
}

test('hadolint has nothing to say of the Dockerfile', () => {
  expect(lint('hadolint', ['--no-color', 'Dockerfile'])).toEqual({ status: 0, stdout: '' });
});

test('hadolint would have', () => {
  const { status, stdout } = lint(
    'hadolint',
    ['--no-color', '-'],
    'FROM node\nUSER root\nRUN cd / && sudo ls\n',
  );
  expect(status).toBe(1);
  expect(stdout).toContain('DL3006');
});

test('compose-lint has nothing to say of compose.yaml, but that images are not pinned by digest', () => {
  const { status, stdout } = lint('compose-lint', ['compose.yaml']);
  expect(status).toBe(0);
  expect([...new Set(stdout.match(/\bCL-\d{4}\b/g))].filter((rule) => rule !== 'CL-0019')).toEqual([]);
});
