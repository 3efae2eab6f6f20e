import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { loadPolicy } from '../../src/allowlists.ts';
import type { PackageName } from '../../src/model/artifact.ts';
import { decide } from '../../src/policy/decide.ts';
import { PolicyError } from '../../src/policy/policy.ts';
import { loadFirst, loadInThread } from '../../src/threads/policy-loader.ts';
import { loadedHere, opened } from '../../src/threads/policy-pieces.ts';
import { startHouse, type TestHouse } from '../admission/harness.ts';

// Policies are read and compiled in a thread of their own, and opened here piece by piece.

/** Milliseconds of CPU for which this thread may hold up the event loop: a few, and what a collection of garbage takes. */
const BUSY = 60;

let root: string;
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'load-'));
});
afterAll(() => rm(root, { recursive: true, force: true }));

async function folder(name: string, text: string): Promise<string> {
  const path = join(root, name);
  await mkdir(path);
  await writeFile(join(path, 'default.yaml'), text);
  return path;
}

function rules(count: number): string {
  const lines = Array.from({ length: count }, (_, i) =>
    i % 10 === 0
      ? `  - npm: "family-${i}-*"\n`
      : `  - npm: package-${i}\n    versions: ">=${i % 9}.1 <${(i % 9) + 3}"\n`,
  );
  return `profile: default\nallow:\n${lines.join('')}`;
}

const asked = (name: string) =>
  ({ stage: 'name', ecosystem: 'npm', name: name as PackageName, now: 0 }) as const;

describe('what a thread reads', () => {
  test('is what this one would, piece by piece, and not copied for others', async () => {
    const path = await folder('thousand', rules(1_000));
    const [loaded, here] = [await loadInThread(path), await loadPolicy(path)];
    expect(loaded?.digest).toBe(here.digest);
    expect(loaded?.pieces).toHaveLength(5);
    expect(loaded?.pieces.every(({ buffer }) => buffer instanceof SharedArrayBuffer)).toBe(true);
    if (!loaded) throw new Error('nothing was loaded');
    const again = await opened(loaded.pieces);
    for (const name of ['package-999', 'package-10', 'family-990-x', 'other']) {
      const decision = decide(here, 'default', asked(name));
      expect(decide(loaded, 'default', asked(name))).toEqual(decision);
      expect(decide(again, 'default', asked(name))).toEqual(decision);
    }
  });

  test.each([[[0, 1, 2, 3]], [[0, 2, 1, 3, 4]], [[1, 2, 3, 4]], [[0, 1, 2, 3, 4, 4]]])(
    'is no policy where a piece is missing, twice, or out of order: %j',
    async (order) => {
      const { pieces } = await loadedHere([{ path: 'a.yaml', text: rules(1_000) }]);
      const some = order.map((at) => pieces[at] ?? new Uint8Array());
      await expect(opened(some)).rejects.toThrow(/piece/);
    },
  );

  test('its problems come with their places, and a missing folder is one', async () => {
    const path = await folder('broken', 'profile: default\nallow:\n  - npm: "a b"\n  - nmp: x\n');
    const failed = await loadInThread(path).catch((error: unknown) => error);
    expect(failed).toBeInstanceOf(PolicyError);
    expect(failed).toMatchObject({ problems: [{ path: 'default.yaml', line: 4 }, { line: 4 }] });
    await expect(loadInThread(join(root, 'nowhere'))).rejects.toThrow(PolicyError);
    await expect(loadFirst(path)).rejects.toThrow(PolicyError);
  });

  test('nothing, where it has not the digest that is waited for: not even its problems', async () => {
    const path = await folder('other', 'profile: default\nalow: []\n');
    expect(await loadInThread(path, { expect: `sha256:${'0'.repeat(64)}` })).toBe(null);
    const good = await folder('same', rules(10));
    const { digest } = await loadPolicy(good);
    expect((await loadInThread(good, { expect: digest }))?.digest).toBe(digest);
  });

  test('nothing, where it takes too long or the house closes', async () => {
    const path = await folder('slow', rules(5_000));
    await expect(loadInThread(path, { deadline: 1 })).rejects.toThrow(/within 1 ms/);
    const ending = new AbortController();
    const loading = loadInThread(path, { signal: ending.signal });
    ending.abort();
    await expect(loading).rejects.toThrow(/closes/);
    await expect(loadInThread(path, { signal: ending.signal })).rejects.toThrow(/closes/);
  });
});

test('of a large policy the start, too, is read in a thread', async () => {
  const path = await folder('start', rules(10_000));
  const policy = await loadFirst(path);
  expect(decide(policy, 'default', asked('package-9999')).verdict).toBe('allow');
});

describe('a running house', () => {
  let house: TestHouse;
  beforeAll(async () => {
    house = await startHouse({ policy: 'profile: default\nallow:\n  - npm: left-pad\n' });
    house.registry.addNpm('left-pad', { '1.3.0': {} });
  });
  afterAll(() => house.remove());

  test('takes 20,000 rules while it answers, and its event loop is never held up', async () => {
    const text = rules(20_000).replace('allow:\n', 'allow:\n  - npm: left-pad\n');
    await house.ask('/npm/left-pad');
    let busy = 0;
    let last = cpu();
    const beat = setInterval(() => {
      busy = Math.max(busy, cpu() - last);
      last = cpu();
    }, 5);
    let answered = 0;
    let slowest = 0;
    let done = false;
    const asking = (async () => {
      while (!done) {
        const began = performance.now();
        expect((await house.ask('/npm/left-pad')).status).toBe(200);
        slowest = Math.max(slowest, performance.now() - began);
        answered += 1;
        await sleep(5);
      }
    })();
    const began = performance.now();
    expect(await house.setPolicy(text)).toBe(true);
    const took = performance.now() - began;
    done = true;
    await asking;
    clearInterval(beat);
    const figures = { took, answered, slowest, busy };
    console.log(
      Object.entries(figures)
        .map(([name, value]) => `${name} ${value.toFixed(1)}`)
        .join(', '),
    );
    expect(busy).toBeLessThan(BUSY);
    expect(answered).toBeGreaterThan(5);
    expect(decide(house.house.policy(), 'default', asked('package-19999')).verdict).toBe('allow');
  }, 60_000);

  test('keeps the policy in force where the files cannot be read, and says so', async () => {
    const { digest } = house.house.policy();
    house.takeAlarms();
    await rm(join(house.root, 'allowlists'), { recursive: true });
    expect(await house.house.reload()).toBe(false);
    expect([house.house.policy().digest, house.takeAlarms()]).toEqual([digest, ['policy-reload']]);
  });
});

function cpu(): number {
  const { user, system } = process.threadCpuUsage();
  return (user + system) / 1000;
}
