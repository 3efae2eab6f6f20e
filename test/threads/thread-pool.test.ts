import { afterEach, expect, test } from 'vitest';
import { Thread } from '../../src/threads/rpc.ts';
import { ThreadPool } from '../../src/threads/thread-pool.ts';

/** A thread that says what it is asked, and how often it was asked before; `work` takes its ms; `hang` never answers, `die` ends it. */
const ECHO = `
  const { parentPort, threadId } = require('node:worker_threads');
  let told = null;
  parentPort.on('message', ({ id, method, args }) => {
    if (method === 'die') process.exit(1);
    if (method === 'hang') return;
    if (method === 'spin') for (;;);
    if (method === 'work') Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, args[0]);
    if (method === 'tell' && args[0] === 'wrong') {
      parentPort.postMessage({ id, error: { name: 'Error', message: 'that is wrong' } });
      return;
    }
    if (method === 'tell') told = args[0];
    parentPort.postMessage({ id, value: { threadId, told } });
  });
`;
interface Said {
  readonly threadId: number;
  readonly told: string | null;
}

let pool: ThreadPool | null = null;
afterEach(() => pool?.close());

function poolOf(size: number, deadline = 10_000) {
  const seen = { started: 0, replaced: 0 };
  pool = new ThreadPool({
    start() {
      seen.started++;
      return new Thread(new URL(`data:text/javascript,${encodeURIComponent(asModule(ECHO))}`));
    },
    replaced: () => seen.replaced++,
    deadline,
    eager: true,
    size,
  });
  return { pool, seen };
}

function asModule(script: string): string {
  return `import { createRequire } from 'node:module'; const require = createRequire('/');${script}`;
}

test('one thread from the start, another one only while all are at work, and never more than it may', async () => {
  const { pool, seen } = poolOf(2);
  expect(seen.started).toBe(1);
  await pool.call('say', []);
  await pool.call('say', []);
  expect(seen.started).toBe(1);
  const said = await Promise.all(Array.from({ length: 5 }, () => pool.call<Said>('say', [])));
  expect(seen.started).toBe(2);
  expect(new Set(said.map(({ threadId }) => threadId)).size).toBe(2);
});

test.each(['hang', 'spin'])(
  'a thread that is too slow (%s) is ended, and what it was asked rejects',
  async (how) => {
    const { pool, seen } = poolOf(1, 300);
    const [slow, behind] = [pool.call(how, []), pool.call('say', [])];
    const both = Promise.allSettled([slow, behind]);
    await expect(slow).rejects.toThrow('took too long');
    if (how === 'spin') await expect(behind).rejects.toThrow();
    await both;
    expect(seen.replaced).toBe(1);
    expect((await pool.call<Said>('say', [])).threadId).toBeGreaterThan(0);
    expect(seen.started).toBe(2);
  },
);

test('what waits for its turn loses no time: a thread that goes on answering is not ended', async () => {
  const { pool, seen } = poolOf(1, 1_000);
  await pool.call('say', []);
  const asked = Array.from({ length: 8 }, () => pool.call<Said>('work', [250]));
  expect(await Promise.all(asked)).toHaveLength(8);
  expect(seen).toEqual({ started: 1, replaced: 0 });
});

test('one that is too slow is ended though it was asked behind others, and though others are answered', async () => {
  const { pool, seen } = poolOf(1, 1_500);
  // A start counts, too, and takes its time on a busy machine.
  await pool.call('say', []);
  const before = pool.call('work', [500]);
  const slow = pool.call('hang', []);
  const refused = expect(slow).rejects.toThrow('took too long to hang');
  await before;
  const began = performance.now();
  const going = setInterval(() => void pool.call('say', []).catch(() => {}), 50);
  try {
    await refused;
  } finally {
    clearInterval(going);
  }
  expect(performance.now() - began).toBeGreaterThan(1_450);
  expect(seen.replaced).toBe(1);
});

test('a thread that died is replaced, and what it was asked rejects', async () => {
  const { pool, seen } = poolOf(1);
  const asked = [pool.call('hang', []), pool.call('die', [])];
  for (const one of asked) await expect(one).rejects.toThrow('the thread ended');
  await pool.call('say', []);
  expect(seen).toEqual({ started: 2, replaced: 1 });
});

test('every thread is told before anything that is asked later', async () => {
  const { pool, seen } = poolOf(2);
  const before = [pool.call<Said>('say', []), pool.call<Said>('say', [])];
  pool.tellAll('tell', ['once']);
  const after = [pool.call<Said>('say', []), pool.call<Said>('say', [])];
  expect((await Promise.all(before)).map(({ told }) => told)).toEqual([null, null]);
  expect((await Promise.all(after)).map(({ told }) => told)).toEqual(['once', 'once']);
  expect(seen).toEqual({ started: 2, replaced: 0 });
});

test('a thread that does not take what all are told is ended', async () => {
  const { pool, seen } = poolOf(1);
  const { threadId } = await pool.call<Said>('say', []);
  pool.tellAll('tell', ['wrong']);
  await expect.poll(() => seen.replaced).toBe(1);
  expect((await pool.call<Said>('say', [])).threadId).not.toBe(threadId);
});
