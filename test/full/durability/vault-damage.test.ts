import { chmod, open, readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { auditedLedger, auditedVault } from './audit.ts';
import { type Download, download } from './download.ts';
import { openWorld, type Target, until, type World } from './world.ts';

const CHUNK = 1024 ** 2;

let world: World;
beforeEach(async () => {
  world = await openWorld();
});
afterEach(() => world?.[Symbol.asyncDispose]());

test('a flipped byte in a small file: not one byte of it is sent, and the next request fetches it anew', async () => {
  for (const target of [world.npm('load-small', 10_000), world.pypi('load-small', 10_000)]) {
    // As long as the right bytes are in memory they are given, whatever lies on disk.
    const warm = await damagedAnswer(target, 5000);
    expect(warm).toMatchObject({ status: 200, complete: true });
    expect(warm.body.equals(target.bytes)).toBe(true);
    await world.firewall.stop();
    await world.restart();
    const damaged = await download(world.firewall.url, target.path);
    expect(damaged).toMatchObject({ status: 503, complete: true, code: 'STORAGE_UNAVAILABLE' });
    await expectHealed(target);
  }
});

test('a flipped byte in a late chunk: the connection is cut before it, and the length is never completed', async () => {
  const target = world.npm('load-large', 3 * CHUNK + 100_000);
  const at = 2 * CHUNK + 77;
  const damaged = await damagedAnswer(target, at);
  expect(damaged).toMatchObject({ status: 200, complete: false, length: target.bytes.length });
  expect(damaged.body.length).toBeLessThanOrEqual(2 * CHUNK);
  expect(damaged.body.equals(target.bytes.subarray(0, damaged.body.length))).toBe(true);
  await expectHealed(target);
  const entries = await auditedLedger(world.firewall);
  const decision = entries.find(({ leaf }) => leaf === damaged.entry);
  expect(entries).toContainEqual(expect.objectContaining({ type: 'aborted', decision: decision?.seq }));
});

test('a flipped byte in the last chunk, which is short: likewise', async () => {
  const target = world.pypi('load-large', CHUNK + 100_000);
  const damaged = await damagedAnswer(target, target.bytes.length - 1);
  expect(damaged.complete).toBe(false);
  expect(damaged.body.length).toBeLessThanOrEqual(CHUNK);
  expect(damaged.body.equals(target.bytes.subarray(0, damaged.body.length))).toBe(true);
  await expectHealed(target);
});

test('a file that was cut, and a chunk table that was changed: refused, then fetched anew', async () => {
  const target = world.npm('load-cut', CHUNK + 50_000);
  expect((await download(world.firewall.url, target.path)).status).toBe(200);
  const path = await stored();
  await chmod(path, 0o600);
  const file = await open(path, 'r+');
  await file.truncate(1000);
  await file.close();
  expect(await download(world.firewall.url, target.path)).toMatchObject({
    status: 503,
    code: 'STORAGE_UNAVAILABLE',
  });
  await expectHealed(target);
  await flip(`${await stored()}.chunks`, 3);
  expect(await download(world.firewall.url, target.path)).toMatchObject({
    status: 503,
    code: 'STORAGE_UNAVAILABLE',
  });
  await expectHealed(target);
});

/** Fetches it, flips a byte where it is kept, and asks again. */
async function damagedAnswer(target: Target, at: number): Promise<Download> {
  const { url } = world.firewall;
  expect((await download(url, target.path)).body.equals(target.bytes)).toBe(true);
  await flip(await stored(), at);
  return download(url, target.path);
}

/** The damage is alarmed and lies aside; the next request fetches from the upstream, and what is kept is right. */
async function expectHealed(target: Target): Promise<void> {
  const { firewall, registry } = world;
  const alarms = async () =>
    (await auditedLedger(firewall)).filter(({ type, code }) => type === 'alarm' && code === 'vault-damaged');
  await until(
    async () => (await alarms()).some(({ file }) => file === target.filename),
    'an alarm in the ledger',
  );
  expect(firewall.log).toMatch(/"alarm":"vault-damaged"/);
  const vault = join(firewall.dataDir, 'vault');
  expect(await readdir(join(vault, 'damaged'))).not.toEqual([]);
  registry.requests.length = 0;
  const again = await download(firewall.url, target.path);
  expect(again).toMatchObject({ status: 200, complete: true });
  expect(again.body.equals(target.bytes)).toBe(true);
  expect(registry.requests.filter(({ path }) => path.endsWith(target.filename))).toHaveLength(1);
  await auditedVault(vault);
}

/** The artifact that was stored last. */
async function stored(): Promise<string> {
  const files = await readdir(join(world.firewall.dataDir, 'vault', 'cas'), {
    recursive: true,
    withFileTypes: true,
  });
  const found = files
    .filter(({ name }) => /^[0-9a-f]{64}$/.test(name))
    .map((file) => join(file.parentPath, file.name));
  const times = await Promise.all(found.map(async (path) => ({ path, at: (await stat(path)).ctimeMs })));
  return times.sort((a, b) => b.at - a.at)[0]?.path ?? '';
}

async function flip(path: string, at: number): Promise<void> {
  await chmod(path, 0o600);
  const file = await open(path, 'r+');
  const byte = Buffer.alloc(1);
  await file.read(byte, 0, 1, at);
  byte[0] = (byte[0] ?? 0) ^ 0xff;
  await file.write(byte, 0, 1, at);
  await file.close();
}
