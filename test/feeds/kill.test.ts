import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type FeedPlace, feedPlace, npmPackage, START } from './place.ts';
import { malRecord } from './records.ts';

// A real process updates the feed and is killed with SIGKILL somewhere on the way.

let place: FeedPlace;
beforeEach(async () => {
  place = await feedPlace();
});
afterEach(() => place.remove());

const CHILD = join(import.meta.dirname, 'update-child.ts');
const generation = (n: number) =>
  Array.from({ length: 400 }, (_, i) => malRecord(`MAL-${n}-${i}`, `name-${i}`));

/** Starts an update and kills it after so many ms; resolves with whether it had ended by itself. */
async function killed(from: string, after: number): Promise<boolean> {
  const child = spawn(process.execPath, [CHILD, place.dir, from, String(START)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const exit = once(child, 'exit');
  // It says when it begins: the start of a process takes longer than the update.
  await once(child.stdout, 'data');
  await Promise.race([sleep(after), exit]);
  child.kill('SIGKILL');
  const [code] = await exit;
  return code === 0;
}

test('killed at any moment, the feed before is in force or the new one, and the next update runs', async () => {
  const zips = [await place.zip('0.zip', generation(0)), await place.zip('1.zip', generation(1))];
  await place.update(zips[0] ?? '');
  const feed = place.open();
  const seen = { before: 0, after: 0, killed: 0 };
  let now = 0;
  for (let round = 0; round < 14; round++) {
    const next = 1 - now;
    const ended = await killed(zips[next] ?? '', round * 30);
    if (!ended) seen.killed++;
    const fresh = place.open();
    const [old, young] = [feed, fresh].map((one) => one.of(npmPackage('name-7')).records.map(({ id }) => id));
    await fresh.checked();
    expect(fresh.state()?.status.records).toBe(400);
    fresh.close();
    expect(young).toEqual(old);
    expect([`MAL-${now}-7`, `MAL-${next}-7`]).toContain(old?.[0]);
    if (ended) expect(old).toEqual([`MAL-${next}-7`]);
    if (old?.[0] === `MAL-${next}-7`) {
      seen.after++;
      now = next;
    } else seen.before++;
  }
  expect(seen.killed).toBeGreaterThan(0);
  expect(seen.before).toBeGreaterThan(0);
  await place.update(zips[1 - now] ?? '');
  expect(feed.of(npmPackage('name-7')).records[0]?.id).toBe(`MAL-${1 - now}-7`);
  feed.close();
  const left = await readdir(place.dir);
  expect(left.filter((name) => name.endsWith('.tmp'))).toEqual([]);
  expect(left.filter((name) => name.endsWith('.db') && name !== 'lock.db').length).toBeLessThanOrEqual(2);
  console.log(`killed updates: ${JSON.stringify(seen)}`);
}, 60_000);

test('killed during the first one there is no feed, or the new one', async () => {
  const zip = await place.zip('0.zip', generation(0));
  const feed = place.open();
  for (const after of [0, 5, 10, 20, 30]) {
    await killed(zip, after);
    const ids = feed.of(npmPackage('name-7')).records.map(({ id }) => id);
    expect([[], ['MAL-0-7']]).toContainEqual(ids);
    if (ids.length > 0) break;
  }
  feed.close();
}, 60_000);
