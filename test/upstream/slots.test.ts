import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { Slots } from '../../src/upstream/slots.ts';
import { faultOf, world } from './world.ts';

const w = world();
const never = new AbortController().signal;

test('no more than so many at once per origin, in order, and the rest wait', async () => {
  const slots = new Slots({ perOrigin: 2, waiting: 10, waitTime: 1000 });
  let active = 0;
  let most = 0;
  const order: number[] = [];
  const job = (n: number) =>
    slots.run('a', never, async () => {
      most = Math.max(most, ++active);
      order.push(n);
      await sleep(5);
      active--;
    });
  await Promise.all([0, 1, 2, 3, 4, 5].map(job));
  expect(most).toBe(2);
  expect(order).toEqual([0, 1, 2, 3, 4, 5]);
  await job(6);
});

test('a full queue and a long wait are OVERLOADED; another origin is not affected', async () => {
  const slots = new Slots({ perOrigin: 1, waiting: 1, waitTime: 30 });
  let release = () => {};
  const held = slots.run('a', never, () => new Promise<void>((resolve) => (release = resolve)));
  const waits = faultOf(slots.run('a', never, async () => {}));
  expect(await faultOf(slots.run('a', never, async () => {}))).toBe('OVERLOADED');
  await slots.run('b', never, async () => {});
  expect(await waits).toBe('OVERLOADED');
  release();
  await held;
  expect(await slots.run('a', never, async () => 'free')).toBe('free');
});

test('who gives up while waiting loses its place and takes none', async () => {
  const slots = new Slots({ perOrigin: 1, waiting: 5, waitTime: 1000 });
  let release = () => {};
  const held = slots.run('a', never, () => new Promise<void>((resolve) => (release = resolve)));
  const controller = new AbortController();
  const gone = slots.run('a', controller.signal, async () => 'never');
  const next = slots.run('a', never, async () => 'next');
  controller.abort(new Error('gave up'));
  await expect(gone).rejects.toThrow('gave up');
  release();
  await held;
  expect(await next).toBe('next');
});

test('failing work frees its place', async () => {
  const slots = new Slots({ perOrigin: 1, waiting: 0, waitTime: 10 });
  await expect(slots.run('a', never, () => Promise.reject(new Error('x')))).rejects.toThrow('x');
  expect(await slots.run('a', never, async () => 1)).toBe(1);
});

test('the way out keeps the bound', async () => {
  w.registry.addNpm('a', { '1.0.0': {} });
  w.registry.withFault('/npm-up/a', { kind: 'delay', ms: 100 });
  const upstream = w.open({ limits: { perOrigin: 2, waiting: 2 } });
  const results = await Promise.allSettled(
    [1, 2, 3, 4, 5].map(() => upstream.index(w.npm, 'a', 'application/json', null)),
  );
  expect(results.map(({ status }) => status).sort()).toEqual([...Array(4).fill('fulfilled'), 'rejected']);
  expect(w.registry.requests.length).toBe(4);
});
