import { spawn } from 'node:child_process';
import { chmod, chown, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { type Firewall, startFirewall } from '../../harness/firewall.ts';
import { type FakeRegistry, startRegistry } from '../../harness/registry.ts';

// What keeps the firewall from starting is said in words that tell what to do, with exit code 3 and no stack.

const MAIN = join(import.meta.dirname, '..', '..', '..', 'src', 'main.ts');
const GOOD = 'profile: default\nallow:\n  - npm: left-pad\n';
const NOBODY = 65_534;
const ROOT = process.getuid?.() === 0;

let root: string;
let number = 0;
let folder: string;
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'start-'));
  await chmod(root, 0o755);
});
afterAll(() => rm(root, { recursive: true, force: true }));
beforeEach(async () => {
  folder = join(root, String(number++));
  await mkdir(join(folder, 'allowlists'), { recursive: true });
});

interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Starts `serve` and waits for its end; one that runs after ten seconds is ended and has the code null. */
function serve(env: Record<string, string> = {}, as: readonly string[] = []): Promise<Ended> {
  const [command = process.execPath, ...args] = [...as, process.execPath, MAIN, 'serve'];
  const child = spawn(command, args, {
    cwd: folder,
    env: {
      PATH: process.env['PATH'],
      SALLYPORT_PORT: '0',
      SALLYPORT_NPM_UPSTREAM: 'http://127.0.0.1:9/',
      SALLYPORT_PYPI_UPSTREAM: 'http://127.0.0.1:9/',
      ...env,
    },
  });
  let [stdout, stderr] = ['', ''];
  child.stdout.on('data', (chunk) => {
    stdout += chunk;
  });
  child.stderr.on('data', (chunk) => {
    stderr += chunk;
  });
  return new Promise((resolve, reject) => {
    const late = setTimeout(() => child.kill('SIGKILL'), 15_000);
    child.once('error', reject);
    child.once('close', (code) => {
      clearTimeout(late);
      resolve({ code, stdout, stderr });
    });
  });
}

async function policy(files: Record<string, string | Buffer>): Promise<void> {
  for (const [name, text] of Object.entries(files)) await writeFile(join(folder, 'allowlists', name), text);
}

/** Refused to start: code 3, nothing on stdout, one word of ours in front, no stack. */
async function refuses(said: RegExp, env?: Record<string, string>, as?: readonly string[]): Promise<Ended> {
  const ended = await serve(env, as);
  expect(ended).toMatchObject({ code: 3, stdout: '' });
  // Log lines are JSON; what is for people is not.
  const words = ended.stderr.split('\n').filter((line) => !line.startsWith('{'));
  expect(words.join('\n')).toMatch(said);
  expect(words[0]).toMatch(/^sallyport: /);
  expect(words.join('\n')).not.toMatch(/^\s+at .*:\d+/m);
  return ended;
}

describe('a policy that is', () => {
  test.each([
    ['unknown in a key', { 'default.yaml': 'profile: default\nalow:\n  - npm: a\n' }, /default\.yaml:2:1: .*"alow".*"allow"/],
    ['not YAML', { 'default.yaml': 'profile: default\nallow: [\n' }, /default\.yaml:\d+:\d+: /],
    ['half written', { 'default.yaml': GOOD, 'more.yaml': 'profile: default\nallow:\n  - npm: "exp' }, /more\.yaml:3:\d+: /],
    ['half of a rule', { 'default.yaml': 'profile: default\nallow:\n  - npm:\n' }, /default\.yaml:3:\d+: /],
    ['empty', { 'default.yaml': '' }, /default\.yaml:1:1: /],
    ['binary', { 'default.yaml': Buffer.from([0xff, 0xfe, 0, 1, 2, 0xc3, 0x28]) }, /default\.yaml:\d+:\d+: /],
    ['broad without saying so', { 'default.yaml': 'profile: default\nallow:\n  - npm: "*"\n' }, /default\.yaml:3:\d+: .*wide: true/],
    ['a waiver of nothing', { 'default.yaml': `${GOOD}waivers:\n  - { npm: a@1.0.0 }\n` }, /default\.yaml:5:\d+: .*lifts is missing/],
    ['broken in two files', { 'a.yaml': 'x: 1\n', 'b.yaml': 'profile: default\ny: 1\n' }, /a\.yaml:1:1: [\s\S]*b\.yaml:2:1: /],
    ['not there', {}, /there is no policy file in this folder/],
  ])('%s', async (_, files, said) => {
    await policy(files as Record<string, string | Buffer>);
    await refuses(said);
  }); // biome-ignore format: one case a line

  test('in a folder that is not there', async () => {
    await refuses(/nowhere.*SALLYPORT_ALLOWLISTS/, { SALLYPORT_ALLOWLISTS: join(folder, 'nowhere') });
  });

  test('in a file that cannot be read', async () => {
    await mkdir(join(folder, 'allowlists', 'looks-like.yaml'));
    await policy({ 'default.yaml': GOOD });
    if (!ROOT) return;
    await chown(folder, NOBODY, NOBODY);
    await chmod(join(folder, 'allowlists', 'default.yaml'), 0o000);
    const as = ['setpriv', `--reuid=${NOBODY}`, `--regid=${NOBODY}`, '--clear-groups', '--inh-caps=-all'];
    await refuses(/default\.yaml/, {}, as);
  });
});

describe('a configuration that', () => {
  beforeEach(() => policy({ 'default.yaml': GOOD }));

  test('listens beyond loopback without tokens', async () => {
    for (const host of ['0.0.0.0', '::', '192.0.2.1', 'firewall.test']) {
      await refuses(/other machines.*sallyport token/, { SALLYPORT_HOST: host });
    }
  });

  test('names a setting that does not exist, or one that cannot be', async () => {
    await refuses(/SALLYPORT_PROT is not a setting/, { SALLYPORT_PROT: '1' });
    await refuses(/port/, { SALLYPORT_PORT: 'x' });
    await refuses(/npmUpstream/, { SALLYPORT_NPM_UPSTREAM: 'ftp://registry.test/' });
    await refuses(/SALLYPORT_DATABASE is not available/, { SALLYPORT_DATABASE: 'postgres://x' });
    await refuses(/nowhere\.yaml cannot be read/, { SALLYPORT_CONFIG: join(folder, 'nowhere.yaml') });
    await refuses(/nowhere\.yaml cannot be read/, { SALLYPORT_AUTH: join(folder, 'nowhere.yaml') });
    await writeFile(join(folder, 'sallyport.yaml'), 'prot: 1\n');
    await refuses(/sallyport\.yaml: .*prot/);
    await writeFile(join(folder, 'sallyport.yaml'), 'port: [\n');
    await refuses(/sallyport\.yaml/);
  });

  test('names a TLS key that is not there, that is none, or that may not be read', async () => {
    await writeFile(join(folder, 'cert.pem'), 'no certificate');
    await writeFile(join(folder, 'key.pem'), 'no key');
    const tls = { SALLYPORT_TLS_CERT: join(folder, 'cert.pem'), SALLYPORT_TLS_KEY: join(folder, 'key.pem') };
    await refuses(/nowhere\.pem/, { ...tls, SALLYPORT_TLS_KEY: join(folder, 'nowhere.pem') });
    await refuses(/PEM|certificate|key/i, tls);
    if (!ROOT) return;
    await chown(folder, NOBODY, NOBODY);
    await chmod(join(folder, 'key.pem'), 0o000);
    const as = ['setpriv', `--reuid=${NOBODY}`, `--regid=${NOBODY}`, '--clear-groups', '--inh-caps=-all'];
    const { stderr } = await refuses(/key\.pem/, tls, as);
    expect(stderr).not.toContain('SALLYPORT_DATA');
  });

  test('names a port that is taken', async () => {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const address = server.address();
    const port = typeof address === 'object' && address ? String(address.port) : '';
    await refuses(/EADDRINUSE.*SALLYPORT_PORT/, { SALLYPORT_PORT: port });
    await new Promise((resolve) => server.close(resolve));
  });

  test('has private upstreams that speak for one name, or want a credential that is not there', async () => {
    const one = (id: string) =>
      `  - { id: ${id}, ecosystem: npm, names: ["@own/*"], base: "http://127.0.0.1:9/", credentialEnv: OWN_TOKEN }\n`;
    await writeFile(join(folder, 'sallyport.yaml'), `upstreams:\n${one('a')}${one('b')}`);
    await refuses(/exactly one upstream/, { OWN_TOKEN: 'x' });
    await writeFile(join(folder, 'sallyport.yaml'), `upstreams:\n${one('a')}`);
    await refuses(/OWN_TOKEN/);
  });
});

describe('a data folder that', () => {
  beforeEach(() => policy({ 'default.yaml': GOOD }));

  test('is a file', async () => {
    await writeFile(join(folder, 'data'), '');
    await refuses(/data/);
  });

  test.skipIf(!ROOT)('may not be written by this user', async () => {
    const as = ['setpriv', `--reuid=${NOBODY}`, `--regid=${NOBODY}`, '--clear-groups', '--inh-caps=-all'];
    await mkdir(join(folder, 'data'));
    await refuses(/data.*(write access|SALLYPORT_DATA)/, {}, as);
    await rm(join(folder, 'data'), { recursive: true });
    await refuses(/data.*(write access|SALLYPORT_DATA)/, {}, as);
  });

  test('holds a ledger that is none', async () => {
    await mkdir(join(folder, 'data', 'ledger'), { recursive: true });
    await writeFile(
      join(folder, 'data', 'ledger', 'ledger.db'),
      'not a database, and more than a header is long'.repeat(9),
    );
    await refuses(/ledger/);
  });
});

describe('at a reload (SIGHUP)', () => {
  let registry: FakeRegistry;
  let firewall: Firewall;
  beforeAll(async () => {
    registry = await startRegistry();
    registry.addNpm('left-pad', { '1.0.0': {} });
    registry.addNpm('right-pad', { '1.0.0': {} });
    firewall = await startFirewall({ policy: { 'default.yaml': GOOD }, upstream: { npm: registry.npmBase } });
  });
  afterAll(async () => {
    await firewall?.remove();
    await registry?.close();
  });

  const status = async (name: string) => {
    const answer = await fetch(`${firewall.url}/npm/${name}`);
    await answer.arrayBuffer();
    return answer.status;
  };
  const alarms = async () =>
    /^sallyport_alarms_total\{kind="policy-reload"\} (\d+)$/m.exec(
      await (await fetch(`${firewall.url}/metrics`)).text(),
    )?.[1] ?? '0';

  async function reload(text: string | null): Promise<void> {
    const file = join(firewall.allowlistsDir, 'default.yaml');
    if (text === null) await rm(file);
    else await writeFile(file, text);
    firewall.process.kill('SIGHUP');
  }

  test('a broken, half-written or missing policy leaves the old one in force, and is alarmed each time', async () => {
    expect([await status('left-pad'), await status('right-pad')]).toEqual([200, 403]);
    const broken = ['profile: default\nalow: []\n', 'profile: default\nallow:\n  - npm: "righ', '', null];
    for (const [i, text] of broken.entries()) {
      await reload(text);
      await expect.poll(alarms, { timeout: 15_000 }).toBe(String(i + 1));
      expect([await status('left-pad'), await status('right-pad')]).toEqual([200, 403]);
      expect(await status('left-pad')).toBe(200);
    }
    const rejected = (await firewall.ledger('--type', 'policy')).map(({ entry }) => entry);
    expect(rejected).toHaveLength(broken.length);
    for (const entry of rejected) expect(entry).toMatchObject({ outcome: 'rejected', problems: 1 });
    expect(firewall.log).toMatch(/default\.yaml:2:1/);
    expect(firewall.process.exitCode).toBeNull();
  });

  test('a good one is taken into use', async () => {
    await reload(`${GOOD}  - npm: right-pad\n`);
    await expect.poll(() => status('right-pad'), { timeout: 15_000 }).toBe(200);
    await reload('profile: default\nallow:\n  - npm: right-pad\n');
    await expect.poll(() => status('left-pad')).toBe(403);
  });

  test('many at once end with the last', async () => {
    for (let i = 0; i < 10; i++) {
      await reload(i % 2 ? GOOD : `${GOOD}  - npm: right-pad\n`);
      await sleep(5);
    }
    await reload(GOOD);
    await expect.poll(() => status('right-pad'), { timeout: 15_000 }).toBe(403);
    await sleep(300);
    expect([await status('left-pad'), await status('right-pad')]).toEqual([200, 403]);
  });
});
