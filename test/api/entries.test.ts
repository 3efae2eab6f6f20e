import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ANSWERS } from '../../src/api/answers.ts';
import { STATS_KEYS } from '../../src/ledger/asked/words.ts';
import { alarmEntry } from '../../src/ledger/entry.ts';
import type { EntryDraft, EntryFilter, StoredEntry } from '../../src/ledger/ledger.ts';
import { decision, proven, sha256, sha512 } from '../ledger/fixtures/drafts.ts';
import { asking, openPlace, type Place, queryOf } from './place.ts';

const RULE = 'team.yaml:4';
const WAIVER = 'team.yaml:9';
const JSONL = { accept: 'application/jsonl' };

const admitted = (name: string, version: string, more: Parameters<typeof decision>[0] = {}): EntryDraft =>
  decision({
    name,
    version,
    file: `${name}-${version}.tgz`,
    digests: { sha256: sha256(name + version), sha512: sha512(name + version) },
    place: RULE,
    ...more,
  });

const DAY = 86_400_000;

/** Of everything that is asked for one that has it, and one that has not. */
const DRAFTS: readonly EntryDraft[] = [
  admitted('widget', '1.0.0'),
  admitted('widget', '1.2.0', { agent: 'bo', profile: 'strict', time: DAY }),
  admitted('widget', '2.0.0', { time: 2 * DAY, policy: sha256('other') }),
  { ...admitted('outer', '1.0.0', { agent: 'cy' }), bundled: ['widget@1.2.0'] },
  admitted('signed', '1.0.0', { checks: [proven()] }),
  admitted('late', '1.0.0', { waived: [{ code: 'TOO_YOUNG', place: WAIVER }] }),
  admitted('both', '1.5.0'),
  admitted('both', '1.5', { ecosystem: 'pypi' }),
  decision({ name: 'evil', route: 'index', verdict: 'refuse', reasons: ['NOT_ALLOWLISTED'] }),
  alarmEntry({ id: 'a', time: 1000, code: 'waiver-expiring' }),
];

let place: Place;
let stored: StoredEntry[];
let ask: ReturnType<typeof asking>['ask'];
beforeAll(async () => {
  place = await openPlace();
  await place.append(...DRAFTS);
  stored = await selected({});
  ({ ask } = asking(place.ports));
});
afterAll(() => place?.close());

async function selected(filter: EntryFilter): Promise<StoredEntry[]> {
  const found: StoredEntry[] = [];
  for await (const entry of place.ledger.query(filter)) found.push(entry);
  return found;
}

const seqs = (entries: readonly { seq: number }[]) => entries.map(({ seq }) => seq);

test('an entry is told as it was written, with its place in the log', async () => {
  const answer = await ask('entries?limit=1');
  const [first] = stored;
  expect(answer).toMatchObject({
    kind: 'document',
    contentType: 'application/json',
    cacheControl: 'no-store',
  });
  expect(ANSWERS.Page.parse(answer.json())).toMatchObject({
    entries: [{ seq: 0, leaf: first?.leaf, log: 1, index: 0, entry: JSON.parse(first?.bytes ?? '') }],
    notes: [],
  });
  // The very bytes: whoever hashes them has the leaf.
  expect(answer.text).toContain(`"entry":${first?.bytes}}`);
});

/** Each word of a question: what it selects, by the places of `DRAFTS`. */
const WORDS: [query: Record<string, string | number>, found: number[]][] = [
  [{ agent: 'bo' }, [1]],
  [{ profile: 'strict' }, [1]],
  [{ package: 'widget' }, [0, 1, 2, 3]],
  [{ package: 'widget@1.2.0' }, [1, 3]],
  [{ package: 'widget==1.2.0' }, [1, 3]],
  [{ package: 'pkg:npm/widget@1.2.0' }, [1, 3]],
  [{ package: 'widget', versions: '>=1.1 <2' }, [1, 3]],
  [{ package: 'widget', versions: '>=9' }, []],
  [{ package: 'pkg:pypi/both', versions: '>=1,<2' }, [7]],
  [{ package: 'pkg:pypi/Both' }, [7]],
  [{ digest: sha256('widget1.0.0') }, [0]],
  [{ digest: sha512('widget1.0.0') }, [0]],
  [{ verdict: 'refuse' }, [8]],
  [{ type: 'alarm' }, [9]],
  [{ route: 'index' }, [8]],
  [{ code: 'NOT_ALLOWLISTED' }, [8]],
  [{ code: 'waiver-expiring' }, [9]],
  [{ rule: RULE, package: 'late' }, [5]],
  [{ policy: sha256('other') }, [2]],
  [{ waiver: WAIVER }, [5]],
  [{ waiver: 'TOO_YOUNG' }, [5]],
  [{ waiver: '*' }, [5]],
  [{ provenance: 'verified' }, [4]],
  [{ since: '1970-01-02', until: '1970-01-03' }, [1]],
  [{ since: '1970-01-02T02:00:00+02:00', until: '1970-01-03T00:00:00.001Z' }, [1, 2]],
  [{ after: 7 }, [8, 9]],
  [{ before: 2 }, [0, 1]],
  [{ package: 'widget', order: 'desc' }, [3, 2, 1, 0]],
  [{ package: 'widget', order: 'desc', limit: 2 }, [3, 2]],
];

describe('what is asked for is what comes', () => {
  test.each(WORDS)('%j', async (query, found) => {
    const page = await ask(`entries?${queryOf(query)}`);
    expect(page.line).toBe('');
    expect(seqs(ANSWERS.Page.parse(page.json()).entries)).toEqual(found);
    const lines = (await ask(`entries?${queryOf(query)}`, JSONL)).text.split('\n').slice(0, -1);
    expect(seqs(lines.map((line) => JSON.parse(line)))).toEqual(found);
    for (const line of lines) ANSWERS.Entry.parse(JSON.parse(line));
  });
});

test('another spelling of a package is told, in a page, in lines and in counts', async () => {
  const note = 'in pypi Wid_Get is written wid-get';
  expect((await ask('entries?package=Wid_Get')).json().notes).toEqual([note]);
  expect((await ask('entries?package=Wid_Get', JSONL)).headers).toEqual({ 'x-sallyport-note': note });
  expect((await ask('stats?by=agent&package=Wid_Get')).json().notes).toEqual([note]);
});

describe('pages', () => {
  test.each(['asc', 'desc'] as const)(
    '%s: one after the other they are all, whatever comes meanwhile',
    async (order) => {
      const world = await openPlace();
      try {
        await world.append(...Array.from({ length: 25 }, (_, i) => decision({ id: `r${i}` })));
        const { ask } = asking(world.ports);
        const found: number[] = [];
        let cursor: string | null = '';
        for (let page = 0; cursor !== null && page < 50; page++) {
          // Pages of different length: the limit is no part of the question.
          const query: string = queryOf({ order, limit: 1 + (page % 4), ...(cursor && { cursor }) });
          const answer = (await ask(`entries?${query}`)).json();
          found.push(...seqs(answer.entries));
          cursor = answer.next;
          await world.ledger.append(decision({ id: `late${page}` }));
        }
        // Oldest first goes on with what came; newest first is what there was at the first page.
        const wanted = Array.from({ length: order === 'asc' ? found.length : 25 }, (_, i) => i);
        expect(found).toEqual(order === 'asc' ? wanted : wanted.toReversed());
        expect(found.length).toBeGreaterThanOrEqual(25);
      } finally {
        await world.close();
      }
    },
  );

  test('a full page that is the last says that it is', async () => {
    expect((await ask('entries?package=widget&limit=4')).json().next).toBe(null);
    expect((await ask('entries?package=widget&limit=3')).json().next).not.toBe(null);
  });

  test('a cursor also begins lines', async () => {
    const { next } = (await ask('entries?limit=7')).json();
    const lines = (await ask(`entries?cursor=${next}`, JSONL)).text.trim().split('\n');
    expect(seqs(lines.map((line) => JSON.parse(line)))).toEqual([7, 8, 9]);
  });

  describe('a cursor that is made up, or of another question', () => {
    const made = (text: string) => Buffer.from(text).toString('base64url');
    const leaf = () => stored[2]?.leaf.slice(0, 16) ?? '';
    const real = async (query = 'limit=3') => (await ask(`entries?${query}`)).json().next as string;
    const tag = async () =>
      Buffer.from(await real(), 'base64url')
        .toString()
        .split('.')[3] ?? '';
    test.each([
      ['text', async () => 'abc'],
      ['a number', async () => '17'],
      ['another version', async () => made(`2.2.${leaf()}.${await tag()}`)],
      ['no tag', async () => made(`1.2.${leaf()}`)],
      ['another place', async () => made(`1.5.${leaf()}.${await tag()}`)],
      ['a place far away', async () => made(`1.999999999999999.${leaf()}.${await tag()}`)],
      ['a negative place', async () => made(`1.-1.${leaf()}.${await tag()}`)],
      ['an absurd place', async () => made(`1.${'9'.repeat(20)}.${leaf()}.${await tag()}`)],
      ["another ledger's entry", async () => made(`1.2.${'0'.repeat(16)}.${await tag()}`)],
      ['another tag', async () => made(`1.2.${leaf()}.${'0'.repeat(16)}`)],
      ['more behind it', async () => made(`1.2.${leaf()}.${await tag()}.1`)],
      ['of another order', async () => real('limit=3&order=desc')],
      ['of another filter', async () => real('limit=3&verdict=allow')],
      ['cut', async () => (await real()).slice(0, -1)],
      ['with a letter changed', async () => (await real()).replace(/^./, (c) => (c === 'M' ? 'N' : 'M'))],
      ['other bits behind its end', async () => (await real()).replace(/.$/, (c) => (c === '9' ? '8' : '9'))],
    ])('%s', async (_title, cursor) => {
      const asked = await cursor();
      for (const accept of ['', 'application/jsonl']) {
        const answer = await ask(`entries?${queryOf({ cursor: asked })}`, { accept });
        expect(answer).toMatchObject({ kind: 'refusal', code: 'BAD_REQUEST' });
        expect(answer.line).toMatch(/^sallyport: cursor /);
      }
    });

    test('the real one is taken', async () => {
      expect(seqs((await ask(`entries?cursor=${await real()}`)).json().entries)).toEqual([
        3, 4, 5, 6, 7, 8, 9,
      ]);
    });
  });
});

test('a page of large entries ends before it is too large, and says so', async () => {
  const world = await openPlace();
  try {
    const place = 'x'.repeat(15_000);
    const drafts = Array.from({ length: 400 }, () =>
      alarmEntry({ id: 'a', time: 1, code: 'malware', place }),
    );
    await world.append(...drafts);
    const { ask } = asking(world.ports);
    const found: number[] = [];
    let pages = 0;
    for (let cursor: string | null = ''; cursor !== null; pages++) {
      const answer = await ask(`entries?limit=1000${cursor && `&cursor=${cursor}`}`);
      expect(answer.bytes.length).toBeLessThan(5 * 1024 ** 2);
      found.push(...seqs(answer.json().entries));
      cursor = answer.json().next;
    }
    expect(pages).toBe(2);
    expect(found).toEqual(Array.from({ length: 400 }, (_, i) => i));
  } finally {
    await world.close();
  }
});

describe('counts', () => {
  test.each(STATS_KEYS)('by %s are those of the ledger', async (by) => {
    const answer = ANSWERS.Counts.parse((await ask(`stats?by=${by}&type=decision`)).json());
    expect(answer).toEqual({
      by,
      groups: await place.ledger.stats({ type: 'decision' }, by, 100),
      more: false,
      notes: [],
    });
    expect(answer.groups.length).toBeGreaterThan(0);
  });

  test('more groups than are shown are said', async () => {
    const answer = (await ask('stats?by=package&limit=2')).json();
    expect(answer.groups.length).toBe(2);
    expect(answer.more).toBe(true);
  });

  test('of a range of versions', async () => {
    const answer = (
      await ask(`stats?${queryOf({ by: 'agent', package: 'widget', versions: '>=1.1 <2' })}`)
    ).json();
    expect(answer.groups.map((group: { key: string }) => group.key).sort()).toEqual(['bo', 'cy']);
  });
});
