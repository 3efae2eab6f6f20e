import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { updateFeed } from '../../src/feed/refresh.ts';
import { feedFolder } from '../../src/feeds/status.ts';
import { DAY, START, startHouse, type TestHouse } from '../admission/harness.ts';
import { ghsaRecord, malRecord } from '../feeds/records.ts';

let house: TestHouse;
afterEach(() => house?.remove());

const POLICY = 'profile: default\nallow:\n  - npm: left-pad\n  - npm: other\n';
const TARBALL = '/npm/left-pad/-/left-pad-1.3.0.tgz';
const HOUR = 3_600_000;

async function open(policy: string): Promise<void> {
  house = await startHouse({ policy });
  house.registry.addNpm('left-pad', { '1.2.0': {}, '1.3.0': {} });
  house.registry.addNpm('other', { '1.0.0': {} });
}

/** Puts records in force as the command does, beside the server. */
async function feed(...records: readonly object[]): Promise<void> {
  const path = join(house.root, 'feed.jsonl');
  await writeFile(path, records.map((one) => JSON.stringify(one)).join('\n'));
  await updateFeed(feedFolder(join(house.root, 'data')), [path], () => house.clock.now(), { force: true });
}

const of = (version: string) => ({
  affected: [{ package: { ecosystem: 'npm', name: 'left-pad' }, versions: [version] }],
});
const HARMLESS = malRecord('MAL-2026-1', 'something-else');
const ready = async () => {
  const { status, json } = await house.ask('/readyz');
  return { status, notes: json.notes as string[] };
};
const listed = async () => {
  const { status, json } = await house.ask('/npm/left-pad');
  return status === 200
    ? Object.entries(json.versions)
        .filter(([, one]) => !(one as { deprecated?: string }).deprecated)
        .map(([version]) => version)
    : json.code;
};

test('a record that arrives refuses the cached artifact and its listing from the next request on, and is gone as quickly', async () => {
  await open(POLICY);
  await feed(HARMLESS);
  expect((await house.ask(TARBALL)).status).toBe(200);
  expect((await house.ask(TARBALL)).status).toBe(200);
  expect(await listed()).toEqual(['1.2.0', '1.3.0']);
  house.takeAlarms();
  await feed(HARMLESS, malRecord('MAL-2026-9', 'left-pad', 'npm', of('1.3.0')));
  const refused = await house.ask(TARBALL);
  expect([refused.status, refused.json.code]).toEqual([403, 'MALWARE']);
  expect(house.takeAlarms()).toEqual(['malware']);
  expect(await listed()).toEqual(['1.2.0']);
  expect((await house.ask('/npm/left-pad/-/left-pad-1.2.0.tgz')).status).toBe(200);
  await feed(HARMLESS, malRecord('MAL-2026-9', 'left-pad'));
  expect((await house.ask('/npm/left-pad/-/left-pad-1.2.0.tgz')).json.code).toBe('MALWARE');
  house.takeAlarms();
  expect((await house.ask('/npm/left-pad')).text).toContain('MALWARE');
  expect(await listed()).not.toEqual(expect.arrayContaining(['1.2.0']));
  expect(house.takeAlarms()).toContain('malware');
  const refusals = await house.entries({ package: 'left-pad' });
  expect(refusals.at(-1)).toMatchObject({ verdict: 'refuse', reasons: [{ code: 'MALWARE' }] });
  await feed(HARMLESS);
  expect((await house.ask(TARBALL)).status).toBe(200);
  expect(await listed()).toEqual(['1.2.0', '1.3.0']);
}, 60_000);

test('a feed that is broken serves nothing, says so, and serves again when it is whole', async () => {
  await open(POLICY);
  await feed(HARMLESS);
  expect((await house.ask(TARBALL)).status).toBe(200);
  await writeFile(join(house.root, 'data', 'feed', 'status.json'), '{}');
  for (const path of [TARBALL, '/npm/left-pad', '/npm/other', '/npm/other/-/other-1.0.0.tgz']) {
    const { status, json } = await house.ask(path);
    expect([path, status, json.code]).toEqual([path, 500, 'INTERNAL']);
  }
  expect(await ready()).toEqual({
    status: 503,
    notes: ['the feed of advisories cannot be read, so nothing is served'],
  });
  expect(house.log).toContain('the feed of advisories cannot be read; nothing is served');
  await feed(HARMLESS);
  expect((await house.ask(TARBALL)).status).toBe(200);
  expect(await ready()).toEqual({ status: 200, notes: [] });
}, 60_000);

test('one that becomes too old is an alarm once, a note and a figure; required admits nothing then', async () => {
  await open(`requirements:\n  npm: { malware: required }\n${POLICY}`);
  const metric = async (name: string) =>
    (await house.ask('/metrics')).text.split('\n').find((line) => line.startsWith(`${name} `));
  expect((await house.ask(TARBALL)).json.code).toBe('FEED_MISSING');
  expect(await ready()).toEqual({
    status: 200,
    notes: ['there is no feed of advisories, and the policy asks for one'],
  });
  expect(await metric('sallyport_feed_records')).toBe('sallyport_feed_records 0');
  await feed(HARMLESS, ghsaRecord('GHSA-aaaa-bbbb-cccc', 'two'));
  expect((await house.ask(TARBALL)).status).toBe(200);
  expect(await ready()).toEqual({ status: 200, notes: [] });
  house.takeAlarms();
  house.clock.set(START + 3 * DAY - 1);
  await house.restart();
  expect(house.takeAlarms()).toEqual([]);
  expect(await metric('sallyport_feed_records')).toBe('sallyport_feed_records 2');
  expect(Number((await metric('sallyport_feed_age_seconds'))?.split(' ')[1])).toBeCloseTo(3 * 86_400, -1);
  house.clock.set(START + 3 * DAY);
  await house.restart();
  expect(house.takeAlarms()).toEqual(['feed-stale']);
  expect((await house.ask(TARBALL)).json.code).toBe('FEED_MISSING');
  expect(await ready()).toEqual({ status: 200, notes: ['the feed of advisories is older than it may be'] });
  const [alarm] = (await house.entries()).filter((entry) => entry['code'] === 'feed-stale');
  expect(alarm).toMatchObject({
    expected: 'before 2026-06-04T00:00:00.000Z',
    found: 'of 2026-06-01T00:00:00.000Z',
  });
  house.clock.advance(HOUR);
  await feed({ ...HARMLESS, modified: new Date(house.clock.now()).toISOString() });
  expect((await house.ask(TARBALL)).status).toBe(200);
}, 60_000);

test('which feed is in force is entered: at a start, and before the first decision by another', async () => {
  await open(POLICY);
  const acts = async () =>
    (await house.entries({ limit: 1_000 }))
      .filter(({ type }) => ['start', 'admin', 'decision'].includes(String(type)))
      .map(({ type, code, feed: digest, previous }) => [type, code, digest, previous]);
  const digestOf = async () => {
    const { digest } = JSON.parse(await readFile(join(house.root, 'data/feed/status.json'), 'utf8'));
    return digest as string;
  };
  const start = ['start', undefined, undefined, undefined];
  const decision = ['decision', undefined, undefined, undefined];
  await feed(HARMLESS);
  const one = await digestOf();
  await house.ask('/readyz');
  await expect.poll(acts).toEqual([start, ['admin', 'feed-changed', one, undefined]]);
  await feed(HARMLESS, malRecord('MAL-2026-9', 'left-pad', 'npm', of('1.3.0')));
  const two = await digestOf();
  expect((await house.ask(TARBALL)).json.code).toBe('MALWARE');
  await house.ask('/readyz');
  const changed = ['admin', 'feed-changed', two, one];
  expect((await acts()).slice(2)).toEqual([changed, decision]);
  await house.restart();
  expect((await acts()).slice(4)).toEqual([['start', undefined, two, undefined]]);
  await house.ask(TARBALL);
  expect((await acts()).slice(5)).toEqual([decision]);
}, 60_000);
