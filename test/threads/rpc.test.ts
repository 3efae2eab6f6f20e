import { afterEach, expect, test } from 'vitest';
import { Thread } from '../../src/threads/rpc.ts';

const thread = new Thread(new URL('../../src/threads/inspect.thread.ts', import.meta.url));
afterEach(() => expect(thread.waiting).toBe(0));

test('what cannot be given to a thread is not waited for', async () => {
  await expect(thread.call('inspect', [() => 'a function'])).rejects.toMatchObject({
    name: 'DataCloneError',
  });
});

test.each(['nothing', 'constructor', '__proto__'])(
  'a method that the thread does not have: %s',
  async (name) => {
    await expect(thread.call(name, [])).rejects.toThrow(`no method ${name}`);
  },
);

test('a thread that ended rejects what it is asked', async () => {
  await thread.close();
  expect(thread.dead).toBe(true);
  await expect(thread.call('inspect', [])).rejects.toThrow('the thread ended');
});
