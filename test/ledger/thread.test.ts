import { expect, onTestFinished, test } from 'vitest';
import { Thread } from '../../src/ledger/sqlite/thread.ts';

type MortalCalls = {
  echo(value: unknown): unknown;
  wait(): void;
  throw(): void;
  exit(): void;
};

const MODULE = new URL('./fixtures/mortal.thread.ts', import.meta.url);

async function start(capacity?: number): Promise<Thread<MortalCalls>> {
  const thread = await Thread.start<MortalCalls>(MODULE, null, capacity);
  onTestFinished(() => thread.close());
  return thread;
}

const unavailable = { name: 'LedgerError', code: 'unavailable' };

for (const death of ['throw', 'exit'] as const) {
  test(`when the thread dies by ${death}, what waits and what comes later is refused`, async () => {
    const thread = await start();
    const waiting = [thread.call('wait', []), thread.call('wait', [])];
    const outcomes = Promise.allSettled([...waiting, thread.call(death, [])]);
    for (const outcome of await outcomes) {
      expect(outcome).toMatchObject({ status: 'rejected', reason: unavailable });
    }
    await expect(thread.call('echo', [1])).rejects.toMatchObject(unavailable);
    expect(thread.alive).toBe(false);
    await thread.close();
  });
}

test('more than it may hold is refused at once, and what it holds is answered', async () => {
  const thread = await start(2);
  const held = [thread.call('echo', [1]), thread.call('echo', [2])];
  await expect(thread.call('echo', [3])).rejects.toMatchObject(unavailable);
  expect(await Promise.all(held)).toEqual([1, 2]);
  expect(await thread.call('echo', [4])).toBe(4);
});

test('what cannot be sent is malformed, and takes no place', async () => {
  const thread = await start(1);
  await expect(thread.call('echo', [() => 1])).rejects.toMatchObject({ code: 'malformed' });
  expect(await thread.call('echo', ['ok'])).toBe('ok');
});

test('a module that is not there, or fails before its greeting, rejects the start', async () => {
  const missing = new URL('./fixtures/none.thread.ts', import.meta.url);
  await expect(Thread.start(missing, null)).rejects.toMatchObject(unavailable);
  const silent = new URL('data:text/javascript,process.exit(4)');
  await expect(Thread.start(silent, null)).rejects.toMatchObject(unavailable);
});

test('after close every call is refused', async () => {
  const thread = await start();
  await thread.close();
  await expect(thread.call('echo', [1])).rejects.toMatchObject(unavailable);
  await thread.close();
});
