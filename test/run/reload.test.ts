import { mkdir, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { lockFolder } from '../../src/ledger/lock.ts';
import { writeServerFile } from '../../src/reload/server-file.ts';
import { type Firewall, startFirewall } from '../harness/firewall.ts';
import { sallyport } from '../harness/sallyport.ts';

// `sallyport policy reload` against a server that is a process of its own.

const ONE = 'profile: default\nallow:\n  - npm: left-pad\n';
const TWO = 'profile: default\nallow:\n  - npm: left-pad\n  - npm: is-odd\n';
const BROKEN = 'profile: default\nalow: []\nmode: neither\n';
const NOWHERE = { npm: 'http://127.0.0.1:9/', pypi: 'http://127.0.0.1:9/' };

describe('a running server', () => {
  let firewall: Firewall;
  beforeAll(async () => {
    firewall = await startFirewall({ policy: { 'default.yaml': ONE }, upstream: NOWHERE });
  }, 60_000);
  afterAll(() => firewall.remove());
  const put = (text: string) => writeFile(join(firewall.allowlistsDir, 'default.yaml'), text);
  const digest = async () => (await firewall.command('policy', 'digest')).stdout.trim();
  const policies = async () => (await firewall.ledger('--type', 'policy')).map(({ entry }) => entry);

  test('what is loaded, unchanged and rejected is told with its digests and problems', async () => {
    const before = await digest();
    await put(TWO);
    const after = await digest();
    expect(await firewall.command('policy', 'reload')).toMatchObject({
      code: 0,
      stdout: `loaded ${after}\n`,
      stderr: expect.stringContaining(`in place of ${before}`),
    });
    expect(await firewall.command('policy', 'reload')).toMatchObject({
      code: 0,
      stdout: `unchanged ${after}\n`,
    });
    await put(BROKEN);
    const rejected = await firewall.command('policy', 'reload');
    expect(rejected).toMatchObject({ code: 1, stdout: expect.stringContaining(`rejected ${after}\n`) });
    expect(rejected.stdout).toMatch(/^default\.yaml:2:1: /m);
    expect(rejected.stderr).toMatch(/2 problems/);
    expect(await policies()).toMatchObject([
      { outcome: 'loaded', policy: after, previous: before },
      { outcome: 'unchanged', policy: after },
      { outcome: 'rejected', policy: after, problems: 2 },
    ]);
  }, 60_000);

  test('--expect holds back a folder that is another one, and a broken one; nothing is signalled', async () => {
    const entries = (await policies()).length;
    await put(ONE);
    const expected = await digest();
    await put(TWO);
    expect(await firewall.command('policy', 'reload', '--expect', expected)).toMatchObject({
      code: 1,
      stdout: '',
      stderr: expect.stringContaining(expected),
    });
    await put(BROKEN);
    expect(await firewall.command('policy', 'reload', '--expect', expected)).toMatchObject({ code: 1 });
    expect((await policies()).length).toBe(entries);
    await put(ONE);
    expect(await firewall.command('policy', 'reload', '--expect', expected)).toMatchObject({
      code: 0,
      stdout: `loaded ${expected}\n`,
    });
  }, 60_000);

  test("the file that names the server is its own user's, and goes with it", async () => {
    const path = join(firewall.dataDir, 'server.json');
    expect(JSON.parse(await readFile(path, 'utf8'))).toMatchObject({ pid: firewall.process.pid });
    expect((await stat(path)).mode & 0o777).toBe(0o600);
    expect(await firewall.stop()).toBe(0);
    await expect(stat(path)).rejects.toThrow('ENOENT');
    expect(await firewall.command('policy', 'reload')).toMatchObject({
      code: 3,
      stderr: expect.stringContaining('no server runs on'),
    });
  }, 60_000);

  test('one that was killed leaves its file: it is not believed, and the next start takes it away', async () => {
    const next = await startFirewall({ policy: {}, upstream: NOWHERE, root: firewall.root });
    await next.kill9();
    expect(await next.command('policy', 'reload')).toMatchObject({
      code: 3,
      stderr: expect.stringContaining('ended without a word'),
    });
  }, 60_000);
});

describe('whose process it is', () => {
  let root: string;
  let env: Record<string, string>;
  beforeAll(async () => {
    root = await mkdtemp(join(tmpdir(), 'reload-'));
    await mkdir(join(root, 'allowlists'));
    await writeFile(join(root, 'allowlists', 'default.yaml'), ONE);
    env = { SALLYPORT_DATA: join(root, 'data'), SALLYPORT_ALLOWLISTS: join(root, 'allowlists') };
  });
  afterAll(() => rm(root, { recursive: true, force: true }));
  beforeEach(async () => {
    await rm(join(root, 'data'), { recursive: true, force: true });
    await mkdir(join(root, 'data'));
  });
  // A signal to this process would end the test.
  const told = async () => {
    const { code, stderr } = await sallyport(env, 'policy', 'reload');
    expect(code).toBe(3);
    return stderr;
  };

  test('a number that was used again is not signalled: its process does not hold the lock', async () => {
    await writeServerFile(join(root, 'data'), { pid: process.pid, startedAt: 0 });
    expect(await told()).toMatch(/none runs there now/);
  });

  test('nor is one beside the process that does hold it', async () => {
    const release = await lockFolder(join(root, 'data'));
    await writeServerFile(join(root, 'data'), { pid: process.ppid, startedAt: 0 });
    expect(await told()).toMatch(/none runs there now/);
    release();
  });

  test.each(['', '{}', '{"pid":1,"startedAt":0}', '{"pid":-1,"startedAt":0}', '{"pid":"4711"}'])(
    'a file that holds %j names nobody',
    async (text) => {
      await writeFile(join(root, 'data', 'server.json'), text);
      expect(await told()).toMatch(/not what a server writes/);
    },
  );
});
