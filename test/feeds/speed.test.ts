import { afterAll, beforeAll, expect, test } from 'vitest';
import type { OpenFeed } from '../../src/feeds/open.ts';
import { makeZip } from '../verify/zip-writer.ts';
import { entriesOf, manyRecords } from './many.ts';
import { type FeedPlace, feedPlace, npmPackage } from './place.ts';

const RECORDS = 20_000;

let place: FeedPlace;
let feed: OpenFeed;
beforeAll(async () => {
  place = await feedPlace();
  await place.update(await place.put('all.zip', makeZip(entriesOf(manyRecords(RECORDS, 300)))));
  feed = place.open();
  feed.state();
  await feed.checked();
}, 120_000);
afterAll(async () => {
  feed.close();
  await place.remove();
});

/** Microseconds of CPU for each of these look-ups. */
function cost(names: readonly string[]): number {
  const ids = names.map(npmPackage);
  const begun = process.cpuUsage();
  for (const id of ids) feed.of(id);
  const { user, system } = process.cpuUsage(begun);
  return (user + system) / ids.length;
}

test('a look-up costs microseconds, whether it is asked again, for the first time, or in vain', () => {
  const numbers = Array.from({ length: 10_000 }, (_, i) => i);
  const first = cost(numbers.filter((i) => i % 10 < 7 && i % 2 === 0).map((i) => `name-${i}`));
  const vain = cost(numbers.map((i) => `nobody-${i}`));
  const again = cost(numbers.map((i) => `name-${(i % 10) * 2}`));
  const popular = cost(numbers.slice(0, 300).map((i) => `popular-${i}`));
  console.log(
    `a look-up in ${RECORDS} records, µs of CPU: ${again.toFixed(1)} again, ${first.toFixed(1)} for the first time, ` +
      `${vain.toFixed(1)} in vain, ${popular.toFixed(1)} with some twenty records`,
  );
  expect(again).toBeLessThan(50);
  expect(first).toBeLessThan(200);
  expect(vain).toBeLessThan(200);
  expect(popular).toBeLessThan(1_000);
});
