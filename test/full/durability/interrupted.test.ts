import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Fault } from '../../harness/registry.ts';
import { auditedLedger, auditedVault, integrity, quarantineOf } from './audit.ts';
import { Download, download } from './download.ts';
import { openWorld, until, type World } from './world.ts';

let world: World;
beforeEach(async () => {
  world = await openWorld();
});
afterEach(() => world?.[Symbol.asyncDispose]());

const HALVES: readonly [string, Fault][] = [
  ['the upstream has stopped in the middle', { kind: 'hang-after', bytes: 150_000 }],
  ['the upstream sends slowly', { kind: 'drip', bytesPerSecond: 100_000 }],
];

test.each(HALVES)(
  'kill -9 while %s: nothing of it is admitted, and the same request works afterwards',
  async (_, fault) => {
    const first = world.firewall;
    const vault = join(first.dataDir, 'vault');
    const targets = [world.npm('load-half', 400_000), world.pypi('load-half', 400_000)];
    const back = world.registry.withFault(/load[-_]half-1\.0\.0[^/]*\.(tgz|whl)$/, fault);
    const cut = targets.map(({ path }) => new Download(first.url, path));
    await until(async () => (await quarantineOf(vault)).length === 2, 'both are in quarantine');
    await until(
      () => world.registry.requests.filter(({ path }) => /\.(tgz|whl)$/.test(path)).length === 2,
      'both are asked for',
    );
    await first.kill9();
    for (const one of cut) {
      await one.ended;
      expect(one.status).toBeNull();
    }
    expect(await quarantineOf(vault)).toHaveLength(2);

    const second = await world.restart();
    expect(await quarantineOf(vault)).toEqual([]);
    expect(await auditedVault(vault)).toEqual(new Set());
    const before = await auditedLedger(second);
    expect(before.filter(({ verdict }) => verdict === 'allow')).toEqual([]);
    back();
    for (const { path, bytes } of targets) {
      const answer = await download(second.url, path);
      expect(answer).toMatchObject({ status: 200, complete: true });
      expect(answer.body.equals(bytes)).toBe(true);
    }
    await second.stop();
    expect(integrity(second.dataDir)).toBe('ok');
    expect((await auditedVault(vault)).size).toBe(2);
  },
);
