import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { auditedLedger } from './audit.ts';
import { Download, download } from './download.ts';
import { openWorld, until, type World } from './world.ts';

let world: World;
beforeEach(async () => {
  world = await openWorld();
});
afterEach(() => world?.[Symbol.asyncDispose]());

test('SIGTERM during a slow client’s download: it gets all of it, nobody else gets in, the ledger says so', async () => {
  const { firewall } = world;
  // More than the connection's buffers hold: the firewall must wait for the client.
  const target = world.npm('load-large', 40_000_000);
  const slow = new Download(firewall.url, target.path);
  await slow.begun();
  slow.pause();
  const stopped = firewall.stop();
  await until(() => refuses(firewall.port), 'new connections are refused');
  await sleep(500);
  expect(firewall.process.exitCode, 'it waits for its client').toBeNull();
  expect(slow.complete).toBe(false);
  slow.resume();
  await slow.ended;
  expect(slow).toMatchObject({ status: 200, complete: true });
  expect(slow.body.equals(target.bytes)).toBe(true);
  expect(await stopped).toBe(0);
  const entries = await auditedLedger(firewall);
  const decision = entries.find(({ leaf }) => leaf === slow.entry);
  expect(entries.slice(-2)).toMatchObject([
    { type: 'served', decision: decision?.seq, bytes: target.bytes.length },
    { type: 'stop', code: 'shutdown' },
  ]);
});

test('SIGTERM while the upstream is still sending: who waits is served', async () => {
  const { firewall, registry } = world;
  const target = world.pypi('load-slow', 300_000);
  registry.withFault(/load_slow-1\.0\.0[^/]*\.whl$/, { kind: 'drip', bytesPerSecond: 150_000 });
  const waiting = new Download(firewall.url, target.path);
  await until(() => registry.requests.some(({ path }) => path.endsWith('.whl')), 'the file is on its way');
  const stopped = firewall.stop();
  await waiting.ended;
  expect(waiting).toMatchObject({ status: 200, complete: true });
  expect(waiting.body.equals(target.bytes)).toBe(true);
  expect(await stopped).toBe(0);
  expect((await auditedLedger(firewall)).at(-1)).toMatchObject({ type: 'stop' });
});

test('SIGTERM with nothing to do ends at once, and the next start goes on where it was', async () => {
  const { firewall } = world;
  const target = world.npm('load-a');
  expect((await download(firewall.url, target.path)).status).toBe(200);
  const from = performance.now();
  expect(await firewall.stop()).toBe(0);
  expect(performance.now() - from).toBeLessThan(5000);
  const again = await world.restart();
  expect((await download(again.url, target.path)).body.equals(target.bytes)).toBe(true);
  const types = (await auditedLedger(again)).map(({ type }) => type);
  expect(types.filter((type) => type === 'start' || type === 'stop')).toEqual(['start', 'stop', 'start']);
});

function refuses(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('connect', () => {
      socket.destroy();
      resolve(false);
    });
    socket.once('error', (error: NodeJS.ErrnoException) => resolve(error.code === 'ECONNREFUSED'));
  });
}
