import { execFileSync } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { allowing, tarballPath } from '../admission/harness.ts';
import { type Firewall, startFirewall } from '../harness/firewall.ts';
import { type FakeRegistry, startRegistry } from '../harness/registry.ts';
import { heading } from './attacks.ts';

// A process of its own, whose files may not grow from some moment on: to it, that is a disk that is full.

describe(heading('A20'), () => {
  let registry: FakeRegistry;
  let firewall: Firewall;
  beforeAll(async () => {
    registry = await startRegistry();
    registry.addNpm('left-pad', { '1.3.0': {} });
    registry.addNpm('fresh', { '1.0.0': {} });
    firewall = await startFirewall({
      policy: { 'default.yaml': allowing(['left-pad', 'fresh']) },
      upstream: { npm: registry.npmBase, pypi: registry.pypiBase },
    });
  }, 60_000);
  afterAll(async () => {
    await firewall?.remove();
    await registry?.close();
  });
  const limit = (bytes: string) =>
    execFileSync('prlimit', ['--pid', String(firewall.process.pid), `--fsize=${bytes}:unlimited`]);
  const ask = async (path: string) => {
    const answer = await fetch(firewall.url + path, { signal: AbortSignal.timeout(30_000) });
    const bytes = Buffer.from(await answer.arrayBuffer());
    return { status: answer.status, entry: answer.headers.get('x-sallyport-entry'), bytes };
  };

  test('no entry, no byte, for what is warm and for what is new; and it goes on when there is room', async () => {
    const warm = tarballPath('left-pad', '1.3.0');
    expect(await ask(warm)).toMatchObject({ status: 200 });
    const served = (await firewall.ledger('--verdict', 'allow')).length;
    limit('1');
    const tarball = registry.tarball('left-pad', '1.3.0');
    for (const path of [warm, tarballPath('fresh', '1.0.0'), warm]) {
      const { status, bytes } = await ask(path);
      expect(status).toBeGreaterThanOrEqual(500);
      expect(bytes.equals(tarball)).toBe(false);
      expect(bytes.subarray(0, 2).toString('hex')).not.toBe('1f8b');
    }
    // A refusal needs its entry too: it is no refusal that somebody could not find later.
    expect((await ask('/npm/not-listed')).status).toBeGreaterThanOrEqual(403);
    limit('unlimited');
    let back = 0;
    for (let i = 0; i < 100 && back !== 200; i++) {
      back = (await ask(warm)).status;
      if (back !== 200) await sleep(100);
    }
    expect(back).toBe(200);
    // One entry for each that was served, and none for those that were not.
    expect((await firewall.ledger('--verdict', 'allow')).length).toBe(served + 1);
    const last = await ask(warm);
    expect((await firewall.ledger()).map(({ leaf }) => leaf)).toContain(last.entry);
  }, 60_000);
});
