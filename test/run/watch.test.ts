import { mkdir, mkdtemp, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { loadPolicy } from '../../src/allowlists.ts';
import { ConfigError } from '../../src/config.ts';
import { InForce, type Outcome } from '../../src/in-force.ts';
import type { Policy } from '../../src/policy/policy.ts';
import type { FolderWatch } from '../../src/reload/folder-watch.ts';
import { watchOf } from '../../src/reload/watched-policy.ts';
import { checkWatch } from '../../src/start-checks.ts';
import { until } from '../admission/harness.ts';

// Real files under a real clock: what is taken into use when a folder changes in steps, each of which is a valid policy.

const QUIET = 400;

let root: string;
let folder: string;
let watch: FolderWatch | null = null;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'watch-'));
  folder = join(root, 'allowlists');
  await mkdir(folder);
});
afterEach(async () => {
  await watch?.stop();
  watch = null;
  await rm(root, { recursive: true, force: true });
});

const allow = (name: string) => `profile: default\nallow:\n  - npm: ${name}\n`;
const put = (path: string, text: string) => writeFile(join(folder, path), text);
const digestOf = async (path = folder) => (await loadPolicy(path)).digest;

/** Watches the folder, and says what it took and what it rejected. */
async function watched(policyDigest?: string) {
  const first = await loadPolicy(folder);
  const told = { taken: [] as string[], rejected: 0, said: [] as string[], outcomes: [] as Outcome[] };
  const policy = new InForce<Policy>(first, {
    load: () => loadPolicy(folder),
    take: async () => undefined,
    changed: async (next) => void told.taken.push(next.digest),
    rejected: async () => void told.rejected++,
  });
  watch = watchOf({ allowlists: folder, policyWatch: QUIET, policyDigest }, policy, {
    async load(expect) {
      const next = await loadPolicy(folder);
      return expect === null || next.digest === expect ? next : null;
    },
    log: { info: (_about, what) => void told.said.push(what), error: () => undefined },
  });
  watch?.start();
  return { policy, told };
}

test('a pull of ten files, each state of which is valid, is taken once, when it is whole', async () => {
  await put('a.yaml', allow('zero'));
  const { told } = await watched();
  for (let i = 0; i < 10; i++) {
    await put(`file-${i}.yaml`, allow(`name-${i}`));
    await sleep(QUIET / 4);
  }
  expect(told.taken).toEqual([]);
  const whole = await digestOf();
  await until(() => told.taken.length > 0);
  await sleep(2 * QUIET);
  expect(told).toMatchObject({ taken: [whole], rejected: 0 });
});

test('with a digest to wait for, a valid state in between is never taken, however long it stays', async () => {
  await put('a.yaml', allow('zero'));
  const announced = join(root, 'digest');
  await writeFile(announced, `${await digestOf()}\n`);
  const { told } = await watched(announced);
  await put('b.yaml', allow('one'));
  await sleep(3 * QUIET);
  const goal = join(root, 'goal');
  await mkdir(goal);
  for (const [path, name] of [
    ['a.yaml', 'zero'],
    ['b.yaml', 'one'],
    ['c.yaml', 'two'],
  ] as const)
    await writeFile(join(goal, path), allow(name));
  const digest = await digestOf(goal);
  await writeFile(announced, `${digest}  allowlists\n`);
  await sleep(3 * QUIET);
  expect(told.taken).toEqual([]);
  await put('c.yaml', allow('two'));
  await until(() => told.taken.length > 0);
  expect(told).toMatchObject({ taken: [digest], rejected: 0 });
  expect(told.said).toContain('the policy files do not have the digest that is waited for');
});

test('where the digest cannot be read nothing is taken', async () => {
  await put('a.yaml', allow('zero'));
  const { told } = await watched(join(root, 'nowhere'));
  await put('b.yaml', allow('one'));
  await sleep(3 * QUIET);
  expect(told.taken).toEqual([]);
  await writeFile(join(root, 'nowhere'), await digestOf());
  await until(() => told.taken.length > 0);
});

test('a broken state is rejected once, not at every look, and what mends it is taken', async () => {
  await put('a.yaml', allow('zero'));
  const { told } = await watched();
  await put('a.yaml', 'profile: default\nalow: []\n');
  await until(() => told.rejected > 0);
  await sleep(3 * QUIET);
  expect(told).toMatchObject({ taken: [], rejected: 1 });
  await put('a.yaml', allow('one'));
  await until(() => told.taken.length > 0);
  expect(told.rejected).toBe(1);
});

test('an editor that writes beside and renames is seen, though size and name stay', async () => {
  await put('a.yaml', allow('zero'));
  const { told } = await watched();
  await sleep(2 * QUIET);
  await writeFile(join(folder, 'a.yaml~'), allow('nero'));
  await rename(join(folder, 'a.yaml~'), join(folder, 'a.yaml'));
  await until(() => told.taken.length > 0);
  expect(told.taken).toEqual([await digestOf()]);
});

test('a folder that vanishes for a moment is no broken policy', async () => {
  await put('a.yaml', allow('zero'));
  const { told } = await watched();
  await sleep(2 * QUIET);
  await rename(folder, `${folder}.old`);
  await sleep(QUIET / 2);
  await mkdir(folder);
  await put('a.yaml', allow('one'));
  await until(() => told.taken.length > 0);
  expect(told.rejected).toBe(0);
});

test('a mounted volume that swaps its data folder is seen through the links', async () => {
  await rm(folder, { recursive: true });
  const volume = folder;
  await mkdir(join(volume, '..2026_1'), { recursive: true });
  await writeFile(join(volume, '..2026_1', 'a.yaml'), allow('zero'));
  await symlink('..2026_1', join(volume, '..data'));
  await symlink('..data/a.yaml', join(volume, 'a.yaml'));
  const { told } = await watched();
  await sleep(2 * QUIET);
  await mkdir(join(volume, '..2026_2'));
  await writeFile(join(volume, '..2026_2', 'a.yaml'), allow('nero'));
  await symlink('..2026_2', join(volume, '..data_tmp'));
  await rename(join(volume, '..data_tmp'), join(volume, '..data'));
  await rm(join(volume, '..2026_1'), { recursive: true });
  await until(() => told.taken.length > 0);
  expect(told).toMatchObject({ taken: [await digestOf()], rejected: 0 });
});

test('a digest to wait for, where nothing is watched, is no start', () => {
  expect(() => checkWatch({ policyWatch: 0, policyDigest: 'digest' })).toThrow(ConfigError);
  expect(() => checkWatch({ policyWatch: 1, policyDigest: 'digest' })).not.toThrow();
});

test('nothing is watched unless that is asked for', () => {
  const config = { allowlists: folder, policyWatch: 0, policyDigest: undefined };
  const policy = new InForce<Policy>(
    { digest: 'sha256:00', profiles: new Map(), upstreams: new Map(), sources: [] },
    {
      load: () => loadPolicy(folder),
      take: async () => undefined,
      changed: async () => undefined,
      rejected: async () => undefined,
    },
  );
  expect(watchOf(config, policy, { load: async () => null, log: { info() {}, error() {} } })).toBe(null);
});
