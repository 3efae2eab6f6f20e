import { cp, readdir, rm } from 'node:fs/promises';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { loadTrust } from '../../src/trust/files.ts';
import { updateTrust } from '../../src/trust/update.ts';
import { another, pinned, type TrustPlace, trustPlace } from '../harness/trust.ts';

// An update is ended at each of its steps on the disk, as a kill or a full disk would: nothing is done after it.

const disk = vi.hoisted(() => ({ left: Number.POSITIVE_INFINITY }));
vi.mock('node:fs/promises', async (original) => {
  const real = await original<typeof import('node:fs/promises')>();
  const step =
    <A extends unknown[], R>(work: (...args: A) => Promise<R>) =>
    async (...args: A): Promise<R> => {
      if (disk.left-- <= 0) throw new Error('the process is dead');
      return work(...args);
    };
  const { open, rename, rm, mkdir, writeFile } = real;
  return {
    ...real,
    open: step(open),
    rename: step(rename),
    rm: step(rm),
    mkdir: step(mkdir),
    writeFile: step(writeFile),
  };
});

const LIMITS = { answer: 5_000, whole: 20_000, pause: 1 };
const DEAD_AT_MOST = 100;

let place: TrustPlace;
beforeEach(async () => {
  place = await trustPlace();
});
afterEach(() => place.remove());

const update = () => updateTrust(place.config, Date.now, LIMITS);
const loaded = async () => {
  const { bytes, from, fallback } = await loadTrust(place.config);
  return {
    root: Buffer.from(bytes.root).toString(),
    npmKeys: Buffer.from(bytes.npmKeys).toString(),
    from,
    fallback,
  };
};
const pair = async (n: number) => ({
  root: (await another('root', n)).toString(),
  npmKeys: (await another('npmKeys', n)).toString(),
});

/** Ends an update before each step, from the first one on, until one gets through; `look` at what each leaves. */
async function killedAtEveryStep(look: () => Promise<void>): Promise<number> {
  await cp(place.config.data, place.path('../../before'), { recursive: true });
  for (let steps = 0; steps < DEAD_AT_MOST; steps++) {
    disk.left = steps;
    const ended = await update().then(
      () => true,
      () => false,
    );
    const through = ended && disk.left >= 0;
    disk.left = Number.POSITIVE_INFINITY;
    await look();
    if (through) return steps;
    await rm(place.config.data, { recursive: true });
    await cp(place.path('../../before'), place.config.data, { recursive: true });
  }
  throw new Error('it never got through');
}

test('a kill at any step leaves the old root and keys in force, or the new ones, and no alarm', async () => {
  await place.publish({ root: await another('root', 1), npmKeys: await another('npmKeys', 1) });
  await update();
  await place.publish({ root: await another('root', 2), npmKeys: await another('npmKeys', 2) });
  const seen = new Set<string>();
  const [before, after] = [await pair(1), await pair(2)];
  const steps = await killedAtEveryStep(async () => {
    const { root, npmKeys, from, fallback } = await loaded();
    expect({ from, fallback }).toEqual({ from: { root: 'updated', npmKeys: 'updated' }, fallback: false });
    const which = root === before.root ? before : after;
    expect({ root, npmKeys }).toEqual(which);
    seen.add(which === before ? 'before' : 'after');
    // The next one is as if nothing had been.
    await update();
    expect(await loaded()).toMatchObject(after);
    expect((await readdir(place.path('.'))).filter((name) => name.endsWith('.tmp'))).toEqual([]);
  });
  expect(steps).toBeGreaterThan(5);
  expect([...seen].sort()).toEqual(['after', 'before']);
});

test('a kill at any step of the first one leaves what is pinned, or the new ones', async () => {
  await place.publish();
  await expect(
    updateTrust({ ...place.config, tufMirror: `${place.mirror.url}/none` }, Date.now, LIMITS),
  ).rejects.toThrow();
  const old = { root: (await pinned.root()).toString(), npmKeys: (await pinned.npmKeys()).toString() };
  const after = await pair(1);
  await killedAtEveryStep(async () => {
    const { root, npmKeys } = await loaded();
    expect({ root, npmKeys }).toEqual(root === old.root ? old : after);
    await update();
    expect(await loaded()).toMatchObject({ ...after, fallback: false });
  });
});
