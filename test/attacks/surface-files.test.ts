import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { loadPolicy } from '../../src/allowlists.ts';
import { loadConfig } from '../../src/config.ts';
import { lockFolder } from '../../src/ledger/lock.ts';

// What files can do to a firewall that reads them.

const ALLOW = 'profile: default\nallow:\n  - npm: left-pad\n';
const DENY = 'profile: default\ndeny:\n  - { npm: left-pad, reason: malicious }\n';

let root: string;
let folder: string;

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'files-'));
  folder = join(root, 'allowlists');
  await mkdir(folder);
  await writeFile(join(folder, 'allow.yaml'), ALLOW);
});

afterEach(() => rm(root, { recursive: true }));

describe('a policy file that is there is read, or nothing is', () => {
  test('a link to a file is that file: its deny counts', async () => {
    const plain = await loadPolicy(folder);
    await writeFile(join(root, 'deny'), DENY);
    await symlink(join(root, 'deny'), join(folder, 'deny.yaml'));
    const linked = await loadPolicy(folder);
    expect(linked.digest).not.toBe(plain.digest);
    expect(linked.sources.map((s) => s.path)).toEqual(['allow.yaml', 'deny.yaml']);
  });

  test('a volume as it is mounted from a cluster is read once', async () => {
    await mkdir(join(folder, '..2026'));
    await writeFile(join(folder, '..2026', 'deny.yaml'), DENY);
    await symlink('..2026', join(folder, '..data'));
    await symlink(join('..data', 'deny.yaml'), join(folder, 'deny.yaml'));
    expect((await loadPolicy(folder)).sources.map((s) => s.path)).toEqual(['allow.yaml', 'deny.yaml']);
  });

  test('an extension in capitals is the same extension', async () => {
    await writeFile(join(folder, 'deny.YAML'), DENY);
    expect((await loadPolicy(folder)).sources).toHaveLength(2);
  });

  test.each<[string, () => Promise<unknown>, RegExp]>([
    ['a link that leads nowhere', () => symlink('gone', join(folder, 'deny.yaml')), /deny\.yaml.*ENOENT/],
    ['a link to a folder', () => symlink(root, join(folder, 'more')), /more.*link to a folder/],
    ['a pipe', () => promisify(execFile)('mkfifo', [join(folder, 'deny.yaml')]), /deny\.yaml.*it is no file/],
    ['a link to a device', () => symlink('/dev/zero', join(folder, 'deny.yaml')), /it is no file/],
    [
      'a file that nobody wrote by hand',
      () => writeFile(join(folder, 'deny.yaml'), Buffer.alloc(17 * 1024 ** 2, '#')),
      /more than/,
    ],
  ])(
    '%s is an error',
    async (_what, put, words) => {
      await put();
      await expect(loadPolicy(folder)).rejects.toThrow(words);
    },
    5_000,
  );
});

describe('a configuration', () => {
  test.each([
    'npmUpstream: "https://me:S3CRET@registry.test/\nport: [\n',
    'npmUpstream: https://me:S3CRET@registry.test: x\n',
    'npmUpstream: https://me:S3CRET@registry.test:99999/\n',
    'auth: { tokens: [ { hash: S3CRET, agent: a } ] }\n',
    'auth: { tokens: [ *S3CRET ] }\n',
  ])('that is wrong is refused without its credentials: %#', async (text) => {
    const path = join(root, 'sallyport.yaml');
    await writeFile(path, text);
    let said = '';
    try {
      loadConfig({}, path);
    } catch (error) {
      said = String(error);
    }
    expect(said).toContain('sallyport.yaml');
    expect(said).not.toContain('S3CRET');
  });

  test.each(['unknown', 'local'])('gives nobody the name of those without a token: %s', async (agent) => {
    const path = join(root, 'sallyport.yaml');
    await writeFile(path, `auth:\n  tokens:\n    - { hash: "sha256:${'0'.repeat(64)}", agent: ${agent} }\n`);
    expect(() => loadConfig({}, path)).toThrow(/agent/);
  });
});

test('the lock is for its user only: another one must not hold it', async () => {
  const data = join(root, 'data');
  (await lockFolder(data))();
  expect((await stat(join(data, 'lock.db'))).mode & 0o777).toBe(0o600);
  await writeFile(join(root, 'lock.db'), '', { mode: 0o666 });
  (await lockFolder(root))();
  expect((await stat(join(root, 'lock.db'))).mode & 0o077).toBe(0);
});
