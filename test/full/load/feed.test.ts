import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { entriesOf, manyRecords } from '../../feeds/many.ts';
import { type FeedPlace, feedPlace, npmPackage, START } from '../../feeds/place.ts';
import { makeZip } from '../../verify/zip-writer.ts';

// As many records as the two ecosystems have together: what an update costs in a process of its own.

const RECORDS = 200_000;
const ZIPS = 4;
const MB = 1024 ** 2;

let place: FeedPlace;
beforeAll(async () => {
  place = await feedPlace();
  const entries = entriesOf(manyRecords(RECORDS));
  const size = RECORDS / ZIPS;
  for (let i = 0; i < ZIPS; i++)
    await place.put(`osv/${i}.zip`, makeZip(entries.slice(i * size, (i + 1) * size)));
});
afterAll(() => place.remove());

test('an update with 200,000 records takes its time and little memory', async () => {
  const script = join(import.meta.dirname, '..', '..', 'feeds', 'update-child.ts');
  const args = [script, place.dir, join(place.root, 'osv'), String(START)];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  const [written, [code]] = await Promise.all([text(child.stdout), once(child, 'exit')]);
  expect(code).toBe(0);
  const { ms, cpu, rss } = JSON.parse(written.split('\n')[1] ?? '');
  const feed = place.open();
  const status = feed.state()?.status;
  const begun = performance.now();
  await feed.checked();
  console.log(
    `${RECORDS} records: update ${(ms / 1000).toFixed(1)} s (${(cpu / 1000).toFixed(1)} s of CPU), at most ${Math.round(rss / MB)} MB of memory; ` +
      `database ${Math.round((status?.bytes ?? 0) / MB)} MB, hashed in ${Math.round(performance.now() - begun)} ms`,
  );
  expect(status).toMatchObject({ records: RECORDS, packages: expect.any(Number) });
  expect(feed.of(npmPackage('name-2')).records).toHaveLength(1);
  feed.close();
  expect(rss).toBeLessThan(500 * MB);
  expect(cpu).toBeLessThan(60_000);
});
