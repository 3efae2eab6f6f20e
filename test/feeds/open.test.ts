import { readdir, readFile, rm, truncate, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { NO_ADVISORIES } from '../../src/feeds/none.ts';
import type { OpenFeed } from '../../src/feeds/open.ts';
import { sha256 } from '../../src/model/digest.ts';
import { DAY, type FeedPlace, feedPlace, HOUR, npmPackage, START } from './place.ts';
import { ghsaRecord, malRecord } from './records.ts';

let place: FeedPlace;
let feed: OpenFeed;
beforeEach(async () => {
  place = await feedPlace();
  feed = place.open();
});
afterEach(async () => {
  feed.close();
  await place.remove();
});

const ONE = npmPackage('one');
const names = (count: number, from = 0) =>
  Array.from({ length: count }, (_, i) => malRecord(`MAL-2026-${i + from}`, `name-${i + from}`));
const database = async () =>
  (await readdir(place.dir)).filter((name) => name.endsWith('.db') && name !== 'lock.db');

test('without an update there is none; with one it counts from the next look-up on, without a word', async () => {
  expect(feed.of(ONE)).toEqual(NO_ADVISORIES);
  expect(feed.state()).toBeNull();
  await place.update(await place.zip('a.zip', [malRecord('MAL-2026-1', 'one')]));
  const found = feed.of(ONE);
  expect(found.records.map(({ id }) => id)).toEqual(['MAL-2026-1']);
  expect(found.digest).toBe(
    sha256(
      '[{"id":"MAL-2026-1","kind":"malware","ranges":[{"fixed":null,"introduced":null,"lastAffected":null}],"severity":null,"versions":[]}]',
    ),
  );
  expect(found.feed).toEqual({
    digest: expect.stringMatching(/^sha256:[0-9a-f]{64}$/),
    at: START,
    staleAt: START + 3 * DAY,
  });
  expect(feed.of(npmPackage('other'))).toEqual({ ...NO_ADVISORIES, feed: found.feed });
  await place.update(await place.zip('a.zip', [ghsaRecord('GHSA-aaaa-bbbb-cccc', 'one')]), {
    now: START + HOUR,
  });
  expect(feed.of(ONE).records.map(({ id }) => id)).toEqual(['GHSA-aaaa-bbbb-cccc']);
  expect(feed.of(ONE).feed?.digest).not.toBe(found.feed?.digest);
});

test('a refresh that brings nothing new is the same digest, of a later time', async () => {
  const zip = await place.zip('a.zip', [malRecord('MAL-2026-1', 'one')]);
  await place.update(zip);
  const { digest } = feed.of(ONE);
  const before = feed.of(ONE).feed;
  await place.update(zip, { now: START + HOUR });
  expect(feed.of(ONE).digest).toBe(digest);
  expect(feed.of(ONE).feed).toEqual({ ...before, at: START + HOUR, staleAt: START + HOUR + 3 * DAY });
});

describe('what is there and cannot be read answers nothing', () => {
  const broken = async () => {
    await place.update(await place.zip('a.zip', [malRecord('MAL-2026-1', 'one'), ...names(2_000, 10)]));
    expect(feed.of(ONE).records).toHaveLength(1);
    const [name = ''] = await database();
    return { status: join(place.dir, 'status.json'), db: join(place.dir, name) };
  };
  /** For one that is open, and for one that starts now. */
  const answersNothing = () => {
    const fresh = place.open();
    for (const one of [feed, fresh]) {
      expect(() => one.of(npmPackage('harmless'))).toThrow('feed');
      expect(() => one.of(npmPackage('harmless'))).toThrow('feed');
      expect(() => one.state()).toThrow('feed');
    }
    fresh.close();
  };

  test.each([
    ['a status that is no JSON', '{'],
    ['an empty status', ''],
    ['a status of another format', '{"format":2}'],
    ['a status that names nothing', 'null'],
  ])('%s', async (_, text) => {
    const { status } = await broken();
    await writeFile(status, text);
    answersNothing();
  });

  test('a database that is gone, until it is back', async () => {
    const { db, status } = await broken();
    const bytes = await readFile(db);
    await rm(db);
    // Whoever has it open still has it; the next change of the status asks for it again.
    await utimes(status, new Date(), new Date());
    answersNothing();
    await writeFile(db, bytes);
    expect(feed.of(ONE).records).toHaveLength(1);
  });

  test('a database that is cut short', async () => {
    const { db, status } = await broken();
    await truncate(db, 8_192);
    await utimes(status, new Date(), new Date());
    answersNothing();
  });

  test('a database with other bytes of the same length: found when it is hashed, and by what it says of a package', async () => {
    const { db } = await broken();
    const bytes = await readFile(db);
    // A whole page of names that would no longer be found.
    bytes.fill(0, 3 * 4096, 4 * 4096);
    await writeFile(db, bytes);
    const fresh = place.open();
    try {
      fresh.state();
      await fresh.checked();
      expect(() => fresh.of(npmPackage('harmless'))).toThrow('damaged');
      expect(() => fresh.state()).toThrow('damaged');
    } finally {
      fresh.close();
    }
    const text = await readFile(db, 'latin1');
    await writeFile(db, text.replace('"MAL-2026-1"', '"MAL-2026-2"'), 'latin1');
    const another = place.open();
    expect(() => another.of(ONE)).toThrow('damaged');
    another.close();
  });

  test('a feed that vanishes while we look on; after a restart there is none', async () => {
    const { status } = await broken();
    await rm(status);
    expect(() => feed.of(ONE)).toThrow('gone');
    const fresh = place.open();
    expect(fresh.of(ONE)).toEqual(NO_ADVISORIES);
    fresh.close();
  });

  test('the next update mends it', async () => {
    const { status } = await broken();
    await writeFile(status, '{');
    answersNothing();
    await place.update(await place.zip('a.zip', [malRecord('MAL-2026-1', 'one')]));
    expect(feed.of(ONE).records).toHaveLength(1);
  });
});

describe('an update takes the place of the one before, or it does not', () => {
  test('nothing at all, or less than half, needs a word', async () => {
    await place.put('empty/readme.txt', 'nothing');
    const empty = join(place.root, 'empty');
    await expect(place.update(empty)).rejects.toThrow('no package at all');
    expect(feed.of(ONE)).toEqual(NO_ADVISORIES);
    await place.update(await place.zip('a.zip', names(100)));
    const { digest } = feed.state()?.status ?? {};
    await expect(place.update(empty)).rejects.toThrow('no package at all');
    await expect(place.update(await place.zip('b.zip', names(49)))).rejects.toThrow(
      'it has 49 records, and the one in force has 100',
    );
    // As many as before, but what it knew of malware is gone.
    const others = names(100).map(({ id }, i) => ghsaRecord(`GHSA-${id}`, `name-${i}`));
    await expect(place.update(await place.zip('c.zip', others))).rejects.toThrow('0 records of npm malware');
    expect(feed.state()?.status.digest).toBe(digest);
    expect(await database()).toHaveLength(1);
    await place.update(await place.zip('d.zip', names(50)));
    expect(feed.state()?.status.records).toBe(50);
    await place.update(empty, { force: true });
    expect(feed.state()?.status).toMatchObject({ records: 0, at: 0 });
  });

  test('one source of several that fails, fails all', async () => {
    const good = await place.zip('a.zip', names(3));
    await place.update(good);
    const bad = await place.put('bad.zip', 'PK\x03\x04');
    await expect(place.update([await place.zip('b.zip', names(6)), bad])).rejects.toThrow(bad);
    await expect(place.update([good, join(place.root, 'nowhere')])).rejects.toThrow('nowhere');
    expect(feed.state()?.status.records).toBe(3);
    expect((await readdir(place.dir)).filter((name) => name.endsWith('.tmp'))).toEqual([]);
  });

  test('two generations are kept', async () => {
    const kept: string[][] = [];
    for (const count of [1, 2, 3, 4]) {
      await place.update(await place.zip('a.zip', names(count)));
      kept.push(await database());
    }
    expect(kept.map((all) => all.length)).toEqual([1, 2, 2, 2]);
    expect(kept[3]?.filter((name) => kept[2]?.includes(name))).toHaveLength(1);
  });

  test('two at once: one of them does not run', async () => {
    const zip = await place.zip('a.zip', names(500));
    const ended = await Promise.allSettled([place.update(zip), place.update(zip)]);
    expect(ended.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
    expect(ended.find(({ status }) => status === 'rejected')).toMatchObject({ reason: { code: 'locked' } });
    await place.update(zip);
  });
});

describe('how old it is', () => {
  const at = async (records: readonly object[], now: number) => {
    await place.update(await place.zip('a.zip', records), { now, force: true });
    return feed.state()?.feed.at;
  };
  const dated = (count: number, modified: string) => names(count).map((one) => ({ ...one, modified }));

  test('an old copy that is read again today is of a day after its newest record', async () => {
    expect(await at(dated(3, '2026-05-31T12:00:00Z'), START)).toBe(START);
    expect(await at(dated(3, '2026-03-01T12:00:00Z'), START)).toBe(Date.parse('2026-03-02T12:00:00Z'));
    expect(await at([...dated(3, '2026-03-01T12:00:00Z'), ...dated(1, '2026-03-07T00:00:00Z')], START)).toBe(
      Date.parse('2026-03-08T00:00:00Z'),
    );
  });

  test('without a time, or with one that is ahead of us, it is as old as can be', async () => {
    expect(await at(dated(3, 'today'), START)).toBe(0);
    expect(await at(dated(3, '2027-01-01T00:00:00Z'), START)).toBe(0);
  });

  test('of several exports the oldest counts; a list of one’s own beside them makes none younger or older', async () => {
    const zip = async (path: string, records: readonly object[]) => place.zip(path, records);
    const old = await zip('old.zip', dated(1_000, '2026-03-01T12:00:00Z'));
    const recent = await zip('new.zip', dated(1_000, '2026-05-31T12:00:00Z'));
    const own = await zip('own.zip', dated(2, '2025-01-01T00:00:00Z'));
    const ofNow = await zip('now.zip', dated(2, '2026-05-31T23:00:00Z'));
    const found: (number | undefined)[] = [];
    for (const from of [
      [old, recent],
      [recent, own],
      [old, ofNow],
      [own, ofNow],
    ]) {
      await place.update(from, { force: true });
      found.push(feed.state()?.feed.at);
    }
    const ofOld = Date.parse('2026-03-02T12:00:00Z');
    expect(found).toEqual([ofOld, START, ofOld, START]);
  });
});
