import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { chmod, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { pairsOf, parseDockerfile } from '../../docker/dockerfile.ts';
import { type Ended, Namespaces, type Running, reasonForNoNamespaces } from './namespaces.ts';

/*
 * The networks of compose.yaml as network namespaces:
 *
 *   agent 198.18.1.2 ── sandbox ── 198.18.1.1 gate 198.18.2.1 ── outside ── 198.18.2.2 world
 *
 * The gate has the settings of Dockerfile and compose.yaml, the agent those of compose.yaml. Outside there are the
 * registries, a name server and a metadata service, all of which the gate could reach.
 */

const ROOT = join(import.meta.dirname, '..', '..', '..');
const WORLD = '198.18.2.2';
const METADATA = '169.254.169.254';
const TOKEN = 'a-token-of-no-worth-0123456789';

interface ComposeFile {
  readonly services: Readonly<
    Record<'sallyport' | 'agent', { environment: Record<string, string>; dns?: string[] }>
  >;
  readonly configs: { readonly npmrc: { readonly content: string } };
}

const SYSTEM_PATH = '/usr/local/bin:/usr/bin:/bin';

const why = reasonForNoNamespaces();
const pip = spawnSync('python3', ['-m', 'pip', '--version'], { env: { PATH: SYSTEM_PATH } }).status === 0;

describe.skipIf(why !== null)(`the sandbox of compose.yaml${why ? ` (skipped: ${why})` : ''}`, () => {
  let folder: string;
  let net: Namespaces;
  let world: Running;
  let gate: Running;
  let compose: ComposeFile;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'topology-'));
    await chmod(folder, 0o777);
    compose = parse(await readFile(join(ROOT, 'compose.yaml'), 'utf8')) as ComposeFile;
    net = new Namespaces();
    for (const name of ['agent', 'gate', 'world']) net.add(name);
    net.link('agent', '198.18.1.2/24', 'gate', '198.18.1.1/24');
    net.link('gate', '198.18.2.1/24', 'world', `${WORLD}/24`);
    net.ip('world', 'address', 'add', `${METADATA}/32`, 'dev', 'lo');
    net.ip('gate', 'route', 'add', `${METADATA}/32`, 'via', WORLD);
    // The world could answer the agent, if only somebody carried the packets.
    net.ip('world', 'route', 'add', '198.18.1.0/24', 'via', '198.18.2.1');
    world = net.start('world', node('world.child.ts', WORLD, METADATA), {});
    await until(() => world.log.includes('listening'), world);
    gate = await startGate();
  }, 120_000);

  afterAll(async () => {
    await net?.[Symbol.asyncDispose]();
    await rm(folder, { recursive: true, force: true });
  });

  async function startGate(): Promise<Running> {
    const allowlists = join(folder, 'allowlists');
    await mkdir(allowlists, { recursive: true });
    await writeFile(
      join(allowlists, 'a.yaml'),
      'profile: default\nallow: [{ npm: hull }, { npm: keel }, { pypi: keel }]\n',
    );
    const hash = createHash('sha256').update(TOKEN).digest('hex');
    await writeFile(join(folder, 'auth.yaml'), `tokens: [{ hash: "sha256:${hash}", agent: stoker }]\n`);
    const image =
      parseDockerfile(await readFile(join(ROOT, 'Dockerfile'), 'utf8')).stages.at(-1)?.steps ?? [];
    const running = net.start('gate', [process.execPath, join(ROOT, 'src/main.ts'), 'serve'], {
      ...Object.fromEntries(image.filter((step) => step.name === 'ENV').flatMap(pairsOf)),
      ...compose.services.sallyport.environment,
      SALLYPORT_DATA: join(folder, 'data'),
      SALLYPORT_ALLOWLISTS: allowlists,
      SALLYPORT_AUTH: join(folder, 'auth.yaml'),
      SALLYPORT_NPM_UPSTREAM: `http://${WORLD}:8080/npm/`,
      SALLYPORT_PYPI_UPSTREAM: `http://${WORLD}:8080/simple/`,
      SALLYPORT_PRIVATE_ADDRESSES: '198.18.0.0/15',
    });
    await until(() => running.log.includes('sallyport listens'), running);
    return running;
  }

  const probe = (from: string, ...targets: string[]) => net.run(from, node('probe.ts', ...targets), {});

  /** A command as the agent of compose.yaml: its user, its files, its name service, no capabilities. */
  async function asAgent(
    command: readonly string[],
    env: Readonly<Record<string, string>> = {},
  ): Promise<Ended> {
    const home = await mkdtemp(join(folder, 'agent-'));
    const files = {
      npmrc: compose.configs.npmrc.content.replaceAll('$$', () => '$'),
      hosts: '127.0.0.1 localhost\n198.18.1.1 sallyport\n',
      resolv: (compose.services.agent.dns ?? []).map((one) => `nameserver ${one}\n`).join(''),
      'package.json': '{"name":"project","version":"1.0.0","private":true}\n',
    };
    for (const [name, text] of Object.entries(files)) await writeFile(join(home, name), text);
    // Where the project lies may be closed to other users; Node is shown to them elsewhere.
    await writeFile(join(home, 'node'), '');
    const setup = `
      chown -R 1000:1000 ${home}
      mount --bind ${home}/hosts /etc/hosts
      mount --bind ${home}/resolv /etc/resolv.conf
      mount --bind ${process.execPath} ${home}/node
      cd ${home}`;
    const user = ['--reuid=1000', '--regid=1000', '--clear-groups', '--no-new-privs', '--bounding-set=-all'];
    return net.run(
      'agent',
      ['setpriv', ...user, ...command],
      {
        ...compose.services.agent.environment,
        PATH: `${home}:${SYSTEM_PATH}`,
        HOME: home,
        NPM_CONFIG_GLOBALCONFIG: join(home, 'npmrc'),
        PIP_CONFIG_FILE: '/dev/null',
        PIP_DISABLE_PIP_VERSION_CHECK: '1',
        ...env,
      },
      setup,
    );
  }

  const OUTSIDE = [`${WORLD}:8080`, `${METADATA}:80`, `dns:${WORLD}`];
  const told = (ended: Ended) =>
    Object.fromEntries(
      ended.stdout
        .trim()
        .split('\n')
        .map((line) => line.split(' ')),
    );

  test('the gate reaches what is outside, so that the agent’s failures mean something', async () => {
    expect(told(await probe('gate', ...OUTSIDE))).toEqual(
      Object.fromEntries(OUTSIDE.map((one) => [one, 'open'])),
    );
  });

  test('the agent reaches sallyport, and nothing else', async () => {
    const seen = world.log.length;
    const answers = told(
      await probe('agent', '198.18.1.1:4880', '198.18.1.1:22', '198.18.2.1:4880', ...OUTSIDE),
    );
    const { '198.18.1.1:4880': gateAnswer, ...others } = answers;
    expect(gateAnswer).toBe('open');
    expect(others).toEqual({
      '198.18.1.1:22': 'ECONNREFUSED',
      '198.18.2.1:4880': 'ENETUNREACH',
      [`${WORLD}:8080`]: 'ENETUNREACH',
      [`${METADATA}:80`]: 'ENETUNREACH',
      [`dns:${WORLD}`]: expect.stringMatching(/^E(CONNREFUSED|TIMEOUT|NETUNREACH)$/),
    });
    expect(world.log.slice(seen)).toBe('');
  });

  test('a route of its own making does not help it: the gate carries no packets', async () => {
    net.ip('agent', 'route', 'add', 'default', 'via', '198.18.1.1');
    try {
      const seen = world.log.length;
      const answers = told(await probe('agent', ...OUTSIDE));
      expect(Object.values(answers)).not.toContain('open');
      expect(world.log.slice(seen)).toBe('');
      // The probe would notice: a gate that forwards is a hole.
      await forward('1');
      expect(told(await probe('agent', `${WORLD}:8080`))).toEqual({ [`${WORLD}:8080`]: 'open' });
    } finally {
      await forward('0');
      net.ip('agent', 'route', 'delete', 'default');
    }
  });

  const forward = (value: string) =>
    net.run('gate', ['sh', '-c', `echo ${value} > /proc/sys/net/ipv4/ip_forward`], { PATH: '/usr/bin:/bin' });

  test('npm installs what is admitted with its token, and what it needs', async () => {
    const ended = await asAgent(['npm', 'install', 'hull'], { SALLYPORT_TOKEN: TOKEN });
    expect(ended, ended.stderr).toMatchObject({
      code: 0,
      stdout: expect.stringContaining('added 2 packages'),
    });
  });

  test.skipIf(!pip)(
    `pip gets what is admitted with its token${pip ? '' : ' (skipped: the system has no pip)'}`,
    async () => {
      const env = { PIP_INDEX_URL: `http://agent:${TOKEN}@sallyport:4880/pypi/simple/` };
      const ended = await asAgent(['python3', '-m', 'pip', 'download', '--no-cache-dir', 'keel'], env);
      expect(ended, ended.stderr).toMatchObject({ code: 0, stdout: expect.stringContaining('keel-1.0.1') });
    },
  );

  test('what is not admitted is refused with the reason, and nobody outside hears of it', async () => {
    const seen = world.log.length;
    const ended = await asAgent(['npm', 'install', 'anchor'], { SALLYPORT_TOKEN: TOKEN });
    expect(ended.code).not.toBe(0);
    expect(ended.stderr).toContain('sallyport refused anchor: it is not on the allowlist (NOT_ALLOWLISTED)');
    expect(world.log.slice(seen)).toBe('');
  });

  test.each([
    ['without a token', {}],
    ['with a wrong one', { SALLYPORT_TOKEN: 'another-token-of-no-worth' }],
  ])('%s nothing is had', async (_, env) => {
    const ended = await asAgent(['npm', 'install', 'hull'], env as Record<string, string>);
    expect(ended.code).not.toBe(0);
    expect(ended.stderr).toMatch(/E401/);
  });

  test.each([
    ['the upstream', `http://${WORLD}:8080/npm/`],
    ['a public name', 'http://registry.invalid/'],
  ])('%s as registry in place of sallyport: nothing is had', async (_, registry) => {
    const seen = world.log.length;
    const args = ['--registry', registry, '--fetch-retries=0', '--fetch-timeout=3000'];
    const ended = await asAgent(['npm', 'install', 'hull', ...args], { SALLYPORT_TOKEN: TOKEN });
    expect(ended.code).not.toBe(0);
    expect(world.log.slice(seen)).toBe('');
  });

  test('the ledger has the agent’s name, and no log has its token', async () => {
    const env = { SALLYPORT_DATA: join(folder, 'data'), SALLYPORT_HOST: '127.0.0.1' };
    const main = join(ROOT, 'src/main.ts');
    const ended = await net.run('gate', [process.execPath, main, 'ledger', 'list', '--agent', 'stoker'], env);
    expect(ended.stdout).toMatch(/ decision allow {2}artifact stoker {3}pkg:npm\/hull@1\.2\.0/);
    expect(ended.stdout).toMatch(/ decision refuse index {4}stoker {3}pkg:npm\/anchor NOT_ALLOWLISTED/);
    expect(gate.log + ended.stdout).not.toContain(TOKEN);
  });
});

function node(script: string, ...args: string[]): string[] {
  return [process.execPath, join(import.meta.dirname, script), ...args];
}

async function until(ready: () => boolean, running: Running): Promise<void> {
  const deadline = performance.now() + 30_000;
  while (!ready()) {
    if (performance.now() > deadline || running.process.exitCode !== null)
      throw new Error(`it did not start:\n${running.log}`);
    await sleep(50);
  }
}
