import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { quarantineOf } from './audit.ts';
import { Download, download } from './download.ts';
import { openWorld, until, type World } from './world.ts';

let world: World;
beforeEach(async () => {
  world = await openWorld();
});
afterEach(() => world?.[Symbol.asyncDispose]());

test('a second process on the same data folder is refused with words and exit code 3; the first does not notice', async () => {
  const { firewall } = world;
  const target = world.npm('load-a', 400_000);
  world.registry.withFault(/load-a-1\.0\.0\.tgz$/, { kind: 'drip', bytesPerSecond: 300_000 });
  const running = new Download(firewall.url, target.path);
  const vault = join(firewall.dataDir, 'vault');
  await until(async () => (await quarantineOf(vault)).length === 1, 'a download is under way');
  const { code, stderr, stdout } = await firewall.command('serve');
  expect(code).toBe(3);
  expect(stdout).toBe('');
  expect(stderr).toContain(firewall.dataDir);
  expect(stderr).toMatch(/in use by another sallyport.*SALLYPORT_DATA/);
  expect(stderr).not.toMatch(/^\s+at /m);
  await running.ended;
  expect(running.status).toBe(200);
  expect(running.body.equals(target.bytes)).toBe(true);
});

test('after kill -9 a new one starts at once, with nothing cleaned by hand', async () => {
  const target = world.npm('load-a', 1000);
  expect((await download(world.firewall.url, target.path)).status).toBe(200);
  await world.firewall.kill9();
  const again = await world.restart();
  expect((await download(again.url, target.path)).body.equals(target.bytes)).toBe(true);
});

test('fsck leaves a running firewall’s vault alone: its downloads go on', async () => {
  const { firewall } = world;
  const vault = join(firewall.dataDir, 'vault');
  const target = world.npm('load-a', 400_000);
  world.registry.withFault(/load-a-1\.0\.0\.tgz$/, { kind: 'drip', bytesPerSecond: 150_000 });
  const running = new Download(firewall.url, target.path);
  await until(async () => (await quarantineOf(vault)).length === 1, 'a download is under way');
  const { code, stderr } = await firewall.command('vault', 'fsck');
  await running.ended;
  expect(running.status, running.code ?? '').toBe(200);
  expect(running.body.equals(target.bytes)).toBe(true);
  expect({ code, stderr }).toMatchObject({
    code: 3,
    stderr: expect.stringMatching(/in use by another sallyport/),
  });
  expect(await firewall.stop()).toBe(0);
  expect(await firewall.command('vault', 'fsck')).toMatchObject({
    code: 0,
    stderr: expect.stringMatching(/0 damaged/),
  });
});

test('two data folders with one vault: the second process is refused', async () => {
  const shared = join(world.firewall.dataDir, 'vault');
  const second = await openWorld({ SALLYPORT_VAULT: shared }).catch((error: unknown) => String(error));
  if (typeof second !== 'string') await second[Symbol.asyncDispose]();
  expect(second).toMatch(/in use by another sallyport.*SALLYPORT_VAULT/);
  expect(world.firewall.process.exitCode).toBeNull();
});
