import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, rm, statfs, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Firewall, startFirewall } from '../../harness/firewall.ts';
import { type FakeRegistry, startRegistry } from '../../harness/registry.ts';

// Ledger and vault on one small disk that is full to its last block: nothing is served, nothing is refused
// without an entry, and all is well once there is room again, without a restart.

const run = promisify(execFile);
const MIB = 1 << 20;

/** Whether this machine lets us mount a small disk. */
async function mounted(path: string): Promise<boolean> {
  try {
    await run('mount', ['-t', 'tmpfs', '-o', 'size=12m,mode=755', 'tmpfs', path]);
    return true;
  } catch {
    return false;
  }
}

let root: string;
let disk: boolean;
let registry: FakeRegistry;
let firewall: Firewall | undefined;
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'full-disk-'));
  await mkdir(join(root, 'data'));
  disk = await mounted(join(root, 'data'));
  registry = await startRegistry();
});
afterAll(async () => {
  await firewall?.kill9();
  await registry?.close();
  if (disk) await run('umount', ['-l', join(root, 'data')]);
  await rm(root, { recursive: true, force: true });
});

test('a full disk under everything', async ({ skip }) => {
  if (!disk) return skip('no small disk can be mounted here');
  registry.addNpm('kept', { '1.0.0': { bulk: 1000 } });
  registry.addNpm('new', { '1.0.0': { bulk: 1000 } });
  registry.addNpm('large', { '1.0.0': { bulk: 20 * MIB } });
  firewall = await startFirewall({
    root,
    policy: { 'default.yaml': 'profile: default\nallow:\n  - npm: kept\n  - npm: new\n  - npm: large\n' },
    upstream: { npm: registry.npmBase },
  });
  const { url } = firewall;
  const ask = async (path: string) => {
    const answer = await fetch(url + path, { signal: AbortSignal.timeout(20_000) });
    const body = Buffer.from(await answer.arrayBuffer());
    const code = answer.ok ? 'ADMITTED' : (JSON.parse(body.toString('utf8')) as { code: string }).code;
    const entry = answer.headers.get('x-sallyport-entry');
    return { status: answer.status, code, entry, again: answer.headers.get('retry-after'), body };
  };
  const tarball = (name: string) => `/npm/${name}/-/${name}-1.0.0.tgz`;
  expect(await ask(tarball('kept'))).toMatchObject({ status: 200 });

  // A file larger than the disk fails alone, and its part in quarantine is given back.
  expect(await ask(tarball('large'))).toMatchObject({ status: 503, code: 'STORAGE_UNAVAILABLE' });
  expect(await ask(tarball('kept'))).toMatchObject({ status: 200 });

  const ballast = join(root, 'data', 'ballast');
  const { bavail, bsize } = await statfs(join(root, 'data'));
  await writeFile(ballast, Buffer.alloc(bavail * bsize)).catch(() => undefined);
  // What the ledger has reserved before is used up by refusals, each of which has its entry.
  let last = await ask('/npm/unlisted');
  for (let i = 0; i < 20_000 && last.status === 403; i++) {
    expect(last.entry).toMatch(/^[0-9a-f]{64}$/);
    last = await ask('/npm/unlisted');
  }
  expect(last).toMatchObject({ status: 503, code: 'LEDGER_UNAVAILABLE', entry: null });
  for (const path of [tarball('kept'), tarball('new'), '/npm/unlisted', tarball('large')]) {
    const answer = await ask(path);
    expect(answer, path).toMatchObject({ status: 503, entry: null });
    expect(answer.code, path).toMatch(/^(LEDGER|STORAGE)_UNAVAILABLE$/);
    expect(Number(answer.again)).toBeGreaterThan(0);
  }
  expect((await fetch(`${url}/readyz`)).status).toBe(503);
  expect((await fetch(`${url}/healthz`)).status).toBe(200);
  firewall.process.kill('SIGHUP');

  await rm(ballast);
  await expect.poll(async () => (await ask(tarball('new'))).status, { timeout: 15_000 }).toBe(200);
  expect((await ask(tarball('kept'))).body.equals(registry.tarball('kept', '1.0.0'))).toBe(true);
  expect(await ask('/npm/unlisted')).toMatchObject({ status: 403 });
  expect((await fetch(`${url}/readyz`)).status).toBe(200);
  expect(firewall.process.exitCode).toBeNull();
  const served = (await firewall.ledger('--verdict', 'allow')).map(({ entry }) => entry['name']);
  expect(served.filter((name) => name === 'new').length).toBeGreaterThanOrEqual(1);
  expect(await firewall.stop()).toBe(0);
});
