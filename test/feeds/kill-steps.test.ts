import { readdir } from 'node:fs/promises';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { type FeedPlace, feedPlace, npmPackage } from './place.ts';
import { malRecord } from './records.ts';

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

let place: FeedPlace;
beforeEach(async () => {
  place = await feedPlace();
});
afterEach(() => place.remove());

const ONE = npmPackage('one');

test('ended at any step, the feed before is in force or the new one, and the next update is as if nothing had been', async () => {
  const old = await place.zip('0.zip', [malRecord('MAL-2026-1', 'one')]);
  const young = await place.zip('1.zip', [malRecord('MAL-2026-2', 'one')]);
  const seen = new Set<string>();
  for (let steps = 0; ; steps++) {
    expect(steps).toBeLessThan(100);
    await place.update(old);
    const feed = place.open();
    expect(feed.of(ONE).records.map(({ id }) => id)).toEqual(['MAL-2026-1']);
    disk.left = steps;
    const ended = await place.update(young).then(
      () => true,
      () => false,
    );
    const through = ended && disk.left >= 0;
    disk.left = Number.POSITIVE_INFINITY;
    const fresh = place.open();
    const ids = [feed, fresh].map((one) =>
      one
        .of(ONE)
        .records.map(({ id }) => id)
        .join(),
    );
    await fresh.checked();
    expect(fresh.state()?.status.records).toBe(1);
    expect(ids[0]).toBe(ids[1]);
    expect(['MAL-2026-1', 'MAL-2026-2']).toContain(ids[0]);
    seen.add(ids[0] ?? '');
    fresh.close();
    feed.close();
    if (through) {
      expect(steps).toBeGreaterThan(8);
      break;
    }
  }
  expect(seen.size).toBe(2);
  expect((await readdir(place.dir)).filter((name) => name.endsWith('.tmp'))).toEqual([]);
});
