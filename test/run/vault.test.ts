import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { startFirewall } from '../harness/firewall.ts';
import { startRegistry } from '../harness/registry.ts';

const LIMIT = 60_000;

test('a vault beyond its bound is trimmed when the firewall starts, and what went is fetched again', {
  timeout: 60_000,
}, async () => {
  const registry = await startRegistry();
  onTestFinished(() => registry.close());
  const names = ['one', 'two', 'three', 'four', 'five'];
  for (const name of names) registry.addNpm(name, { '1.0.0': { bulk: 20_000 } });
  const options = {
    policy: {
      'a.yaml': `profile: default\nallow: [${names.map((name) => `{ npm: ${name} }`).join(', ')}]\n`,
    },
    upstream: { npm: registry.npmBase },
  };
  const first = await startFirewall(options);
  const fetchAll = async (url: string) => {
    for (const name of names) {
      const answer = await fetch(`${url}/npm/${name}/-/${name}-1.0.0.tgz`);
      expect([answer.status, (await answer.arrayBuffer()).byteLength > 20_000]).toEqual([200, true]);
    }
  };
  const vault = join(first.dataDir, 'vault');
  await fetchAll(first.url);
  expect(await bytesIn(vault)).toBeGreaterThan(100_000);
  await first.stop();
  const second = await startFirewall({
    ...options,
    root: first.root,
    env: { SALLYPORT_VAULT_LIMIT: String(LIMIT) },
  });
  onTestFinished(() => second.remove());
  await expect.poll(() => bytesIn(vault), { timeout: 10_000 }).toBeLessThanOrEqual(LIMIT);
  await fetchAll(second.url);
  expect((await second.command('vault', 'fsck')).stderr).toMatch(/\b0 damaged|in use by another/);
});

async function bytesIn(folder: string): Promise<number> {
  let bytes = 0;
  for (const file of await readdir(folder, { recursive: true, withFileTypes: true })) {
    if (file.isFile()) bytes += (await stat(join(file.parentPath, file.name)).catch(() => null))?.size ?? 0;
  }
  return bytes;
}
