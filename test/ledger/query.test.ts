import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { beforeAll, describe, expect, test } from 'vitest';
import { columnsOfBytes, type Subject } from '../../src/ledger/columns.ts';
import { alarmEntry, servedEntry } from '../../src/ledger/entry.ts';
import type { DecisionInput } from '../../src/ledger/entry-decision.ts';
import { selectionOf } from '../../src/ledger/filter.ts';
import type {
  EntryDraft,
  EntryFilter,
  LedgerReader,
  StatsKey,
  StoredEntry,
} from '../../src/ledger/ledger.ts';
import { openLedger, openLedgerReader } from '../../src/ledger/open.ts';
import { planner } from '../../src/ledger/sqlite/plan.ts';
import { statementOf } from '../../src/ledger/sqlite/scan.ts';
import {
  all,
  bytesOf,
  decision,
  openTemporary,
  places,
  proven,
  sha256,
  sha512,
  temporaryFolder,
} from './samples.ts';

const PLACE = { rule: 'team.yaml:4', waiver: 'team.yaml:9' };

/** An admitted artifact `name-version.tgz`, whose bytes are its name and version. */
const admitted = (name: string, version: string, more: Partial<DecisionInput> = {}): EntryDraft =>
  decision({
    name,
    version,
    file: `${name}-${version}.tgz`,
    digests: { sha256: sha256(name + version), sha512: sha512(name + version) },
    place: PLACE.rule,
    ...more,
  });

const refused = (name: string, more: Partial<DecisionInput> = {}): EntryDraft =>
  decision({ name, verdict: 'refuse', reasons: [{ code: 'NOT_ALLOWLISTED', place: null }], ...more });

/** One entry of each kind that is asked for, numbered by its place. */
const SAMPLE: readonly EntryDraft[] = [
  admitted('express', '4.0.0'), // 0
  admitted('express', '5.0.0', { agent: 'bo', profile: 'strict' }), // 1
  refused('evil', { agent: 'bo', route: 'index', version: null }), // 2
  admitted('leaky', '1.0.0', { waived: [{ code: 'TOO_YOUNG', place: PLACE.waiver }] }), // 3
  admitted('signed', '1.0.0', { checks: [proven()] }), // 4
  admitted('unsigned', '1.0.0', { checks: [proven({ result: 'absent', code: 'PROVENANCE_MISSING' })] }), // 5
  {
    ...admitted('outer', '1.0.0', { agent: 'cy' }),
    bundled: ['express@4.0.0', 'express@3.0.0', '@acme/in@2.0.0'],
  }, // 6
  servedEntry({ id: 'r', time: 1000, decision: 0, served: true, bytes: 1 }), // 7
  alarmEntry({ id: 'r', time: 1000, code: 'waiver-expiring', place: PLACE.waiver, lifts: 'TOO_YOUNG' }), // 8
  refused('evil', {
    version: '6.6.6',
    reasons: [
      { code: 'DENIED', place: 'org.yaml:2' },
      { code: 'TOO_YOUNG', place: PLACE.rule },
    ],
    policy: sha256('next policy'),
  }), // 9
  admitted('express', '5.0.0', {
    ecosystem: 'pypi',
    warnings: [{ code: 'TOO_YOUNG', place: 'team.yaml:5' }],
  }), // 10
];

const BY_FILTER: readonly [EntryFilter, readonly number[]][] = [
  [{ agent: ['bo', 'cy', 'nobody'] }, [1, 2, 6]],
  [{ agent: [] }, []],
  [{ package: 'express' }, [0, 1, 6, 10]],
  [{ package: 'pkg:npm/express' }, [0, 1, 6]],
  [{ package: 'express@4.0.0' }, [0, 6]],
  [{ package: 'express', versions: ['4.0.0', '5.0.0'] }, [0, 1, 6, 10]],
  [{ package: 'express', versions: ['3.0.0'] }, [6]],
  [{ package: 'express', versions: ['9.9.9'] }, []],
  [{ package: 'express', versions: [] }, []],
  [{ package: '@acme/in' }, [6]],
  [{ package: 'pkg:npm/%40acme/in@2.0.0' }, [6]],
  [{ digest: sha256('express5.0.0') }, [1, 10]],
  [{ digest: sha512('express4.0.0') }, [0]],
  [{ digest: sha512('express5.0.0'), package: 'pkg:pypi/express' }, [10]],
  [{ digest: sha256('express4.0.0'), package: 'express@5.0.0' }, []],
  [{ digest: sha256('none') }, []],
  [{ profile: 'strict' }, [1]],
  [{ route: 'index' }, [2]],
  [{ code: 'NOT_ALLOWLISTED' }, [2]],
  [{ code: 'TOO_YOUNG' }, [9, 10]],
  [{ code: 'waiver-expiring' }, [8]],
  [{ code: 'DENIED', agent: 'ana' }, [9]],
  [{ rule: PLACE.rule }, [0, 1, 3, 4, 5, 6, 9, 10]],
  [{ rule: 'org.yaml:2' }, [9]],
  [{ rule: 'team.yaml:5' }, [10]],
  [{ policy: sha256('next policy') }, [9]],
  [{ policy: sha256('no policy') }, []],
  [{ waiver: '*' }, [3]],
  [{ waiver: PLACE.waiver }, [3]],
  [{ waiver: 'TOO_YOUNG' }, [3]],
  [{ waiver: 'DENIED' }, []],
  [{ provenance: 'verified' }, [4]],
  [{ provenance: 'absent' }, [0, 1, 3, 5, 6, 10]],
  [{ provenance: 'absent', waiver: '*' }, [3]],
  [{ provenance: 'failed' }, []],
  [{ verdict: 'allow', rule: PLACE.rule, package: 'express', agent: 'bo', policy: sha256('policy') }, [1]],
  [{ verdict: 'refuse', provenance: 'absent' }, []],
  [{ since: -1, until: Number.MAX_SAFE_INTEGER, after: -5, before: 1e12, agent: 'bo' }, [1, 2]],
  [{ since: Number.MAX_SAFE_INTEGER, agent: 'bo' }, []],
  [{ until: Number.MIN_SAFE_INTEGER }, []],
  [{ after: Number.MAX_SAFE_INTEGER }, []],
  [{ since: 1000, until: 1000 }, []],
];

const leaves: string[] = [];
let sample: LedgerReader;
beforeAll(async () => {
  const dir = mkdtempSync(join(tmpdir(), 'ledger-query-'));
  const ledger = await openLedger({ dir });
  for (const draft of SAMPLE) leaves.push((await ledger.append(draft)).leaf);
  await ledger.close();
  sample = await openLedgerReader({ dir });
  return async () => {
    await sample.close();
    rmSync(dir, { recursive: true });
  };
});

test.each(BY_FILTER)('%j finds %j, either way, and by cursor', async (filter, found) => {
  expect(await places(sample, filter)).toEqual(found);
  expect(await places(sample, { ...filter, reverse: true })).toEqual(found.toReversed());
  const [first, ...others] = found;
  if (first === undefined) return;
  const after = Math.max(first, filter.after ?? -1);
  expect(await places(sample, { ...filter, after })).toEqual(others);
  expect(await places(sample, { ...filter, limit: 1 })).toEqual([first]);
  const before = Math.min(found.at(-1) ?? 0, filter.before ?? Number.MAX_SAFE_INTEGER);
  expect(await places(sample, { ...filter, before })).toEqual(found.slice(0, -1));
});

test('a leaf hash finds its entry, and none where other conditions do not hold of it', async () => {
  for (const [seq, leaf] of leaves.entries()) expect(await places(sample, { leaf })).toEqual([seq]);
  expect(await places(sample, { leaf: 'f'.repeat(64) })).toEqual([]);
  // The index has the first eight bytes alone.
  expect(await places(sample, { leaf: `${leaves[3]?.slice(0, 16)}${'0'.repeat(48)}` })).toEqual([]);
  expect(await places(sample, { leaf: leaves[3] ?? '', agent: 'bo' })).toEqual([]);
  expect(await places(sample, { leaf: leaves[3] ?? '', waiver: '*' })).toEqual([3]);
});

test.each<[EntryFilter]>([
  [{ package: 'express@1.0.0', versions: ['1.0.0'] }],
  [{ versions: ['1.0.0'] }],
  [{ package: '' }],
  [{ package: 'express@' }],
  [{ agent: '' }],
  [{ agent: ['a', ''] }],
  [{ agent: Array.from({ length: 10_001 }, (_, i) => `a${i}`) }],
  [{ agent: 'x'.repeat(2000) }],
  [{ digest: 'sha256:1' }],
  [{ digest: `md5:${'a'.repeat(32)}` as 'sha256:' }],
  [{ digest: `sha256:${'A'.repeat(64)}` }],
  [{ code: '' }],
  [{ waiver: '' }],
  [{ policy: 1 as unknown as string }],
  [{ agent: { a: 1 } as unknown as string }],
  [{ leaf: 'F'.repeat(64) }],
  [{ limit: 1e300 }],
])('%j is malformed, for entries and for counts', async (filter) => {
  await expect(all(sample, filter)).rejects.toMatchObject({ code: 'malformed' });
  await expect(sample.stats(filter, 'agent', 1)).rejects.toMatchObject({ code: 'malformed' });
});

test.each([['express@1.0.0'], ['pkg:npm/express@1.0.0'], ['pkg:'], ['']])(
  'versions of %j are malformed',
  async (name) => {
    await expect(sample.versionsOf(name)).rejects.toMatchObject({ code: 'malformed' });
  },
);

test('versions of a package are those that entries speak of, bundled ones too', async () => {
  const of = async (name: string) =>
    (await sample.versionsOf(name)).map((one) => `${one.ecosystem} ${one.name} ${one.version}`).sort();
  expect(await of('express')).toEqual([
    'npm express 3.0.0',
    'npm express 4.0.0',
    'npm express 5.0.0',
    'pypi express 5.0.0',
  ]);
  expect(await of('pkg:pypi/express')).toEqual(['pypi express 5.0.0']);
  expect(await of('evil')).toEqual(['npm evil 6.6.6']);
  expect(await of("x' OR 1=1 --")).toEqual([]);
});

describe('counts', () => {
  test.each<[EntryFilter, StatsKey, Record<string, readonly [number, number, number]>]>([
    [{}, 'type', { decision: [9, 0, 10], served: [1, 7, 7], alarm: [1, 8, 8] }],
    [{}, 'agent', { ana: [6, 0, 10], bo: [2, 1, 2], cy: [1, 6, 6], '': [2, 7, 8] }],
    [{ type: 'decision' }, 'verdict', { allow: [7, 0, 10], refuse: [2, 2, 9] }],
    [{ policy: sha256('policy'), verdict: 'allow' }, 'profile', { default: [6, 0, 10], strict: [1, 1, 1] }],
    [{ verdict: 'refuse' }, 'code', { DENIED: [1, 9, 9], NOT_ALLOWLISTED: [1, 2, 2], TOO_YOUNG: [1, 9, 9] }],
    [{ verdict: 'refuse' }, 'rule', { '': [1, 2, 2], 'org.yaml:2': [1, 9, 9], [PLACE.rule]: [1, 9, 9] }],
    [
      { code: 'TOO_YOUNG' },
      'policy',
      { [sha256('next policy')]: [1, 9, 9], [sha256('policy')]: [1, 10, 10] },
    ],
    [{ agent: ['ana', 'bo'], verdict: 'allow' }, 'provenance', { absent: [5, 0, 10], verified: [1, 4, 4] }],
    [{ provenance: 'verified' }, 'artifact', { 'pkg:npm/signed@1.0.0#signed-1.0.0.tgz': [1, 4, 4] }],
    [{ package: 'express', verdict: 'allow' }, 'agent', { ana: [2, 0, 10], bo: [1, 1, 1], cy: [1, 6, 6] }],
    [{ package: 'express' }, 'package', { 'pkg:npm/express': [3, 0, 6], 'pkg:pypi/express': [1, 10, 10] }],
    [
      { package: 'pkg:npm/express' },
      'version',
      {
        'pkg:npm/express@4.0.0': [2, 0, 6],
        'pkg:npm/express@3.0.0': [1, 6, 6],
        'pkg:npm/express@5.0.0': [1, 1, 1],
      },
    ],
    [{ package: '@acme/in' }, 'artifact', { 'pkg:npm/outer@1.0.0#outer-1.0.0.tgz': [1, 6, 6] }],
    [{ agent: 'bo' }, 'version', { '': [1, 2, 2], 'pkg:npm/express@5.0.0': [1, 1, 1] }],
    [{ after: 8 }, 'package', { 'pkg:npm/evil': [1, 9, 9], 'pkg:pypi/express': [1, 10, 10] }],
    [{ agent: 'nobody' }, 'agent', {}],
    [{ since: 2000 }, 'agent', {}],
  ])('%j by %s', async (filter, by, groups) => {
    const expected = Object.entries(groups)
      .map(([key, [entries, first, last]]) => ({ key, entries, first, last }))
      .sort((a, b) => b.entries - a.entries || (a.key < b.key ? -1 : 1));
    expect(await sample.stats(filter, by, 100)).toEqual(expected);
    expect(await sample.stats(filter, by, 1)).toEqual(expected.slice(0, 1));
    expect(await sample.stats(filter, by, 0)).toEqual([]);
  });
});

describe('every filter, alone and in pairs, finds what looking at each entry finds', () => {
  const AXES: readonly EntryFilter[] = [
    { agent: 'a1' },
    { agent: ['a0', 'a2'] },
    { package: 'p1' },
    { package: 'p2', versions: ['1.0.0', '1.0.2'] },
    { package: 'p3@1.0.1' },
    { digest: sha256('p11.0.1') },
    { verdict: 'refuse' },
    { verdict: 'allow' },
    { route: 'index' },
    { type: 'served' },
    { code: 'DENIED' },
    { code: 'TOO_YOUNG' },
    { rule: 'r1.yaml:1' },
    { policy: sha256('policy 1') },
    { waiver: '*' },
    { waiver: 'w.yaml:1' },
    { provenance: 'verified' },
    { provenance: 'absent' },
    { since: 400_000, until: 3_000_000 },
    { after: 100, before: 1900 },
  ];
  const COUNT = 2000;
  /** A number below `n` that looks like chance and is the same each time. */
  const pick = (i: number, salt: number, n: number) =>
    (Math.imul(i + 1, 2_654_435_761 + salt * 40_503) >>> 8) % n;
  const drafts = Array.from({ length: COUNT }, (_, i): EntryDraft => {
    const time = 1000 * i + pick(i, 9, 90_000);
    const agent = `a${pick(i, 1, 4)}`;
    const name = `p${pick(i, 2, 5)}`;
    const version = `1.0.${pick(i, 3, 3)}`;
    const policy = sha256(`policy ${Math.floor(i / 900)}`);
    if (i % 7 === 0) return servedEntry({ id: `s${i}`, time, decision: i, served: i % 2 === 0, bytes: i });
    if (i % 5 === 0) {
      const code = pick(i, 4, 2) === 0 ? 'DENIED' : 'TOO_YOUNG';
      const route = pick(i, 5, 2) === 0 ? 'index' : 'artifact';
      return refused(name, {
        time,
        agent,
        version,
        route,
        policy,
        reasons: [{ code, place: `r${i % 2}.yaml:1` }],
      });
    }
    const draft = admitted(name, version, {
      time,
      agent,
      policy,
      place: `r${pick(i, 6, 3)}.yaml:1`,
      ...(i % 3 === 0 && { checks: [proven()] }),
      ...(i % 50 === 1 && { waived: [{ code: 'TOO_YOUNG' as const, place: `w.yaml:${pick(i, 7, 2)}` }] }),
    });
    return i % 11 === 0 ? { ...draft, bundled: ['p3@1.0.1', 'p3@1.0.2'] } : draft;
  });

  /** The filter's meaning, written again over the entry alone. */
  function holds(filter: EntryFilter, seq: number, stored: StoredEntry): boolean {
    const columns = columnsOfBytes(stored.bytes);
    const found = [columns.subject, ...columns.bundled].filter((one): one is Subject => one !== null);
    const [name, version] = filter.package?.split('@') ?? [];
    const versions = filter.versions ?? (version === undefined ? null : [version]);
    const agents = typeof filter.agent === 'string' ? [filter.agent] : filter.agent;
    return (
      (!agents || agents.includes(columns.agent)) &&
      (name === undefined ||
        found.some(
          (one) => one.name === name && (!versions || versions.includes(one.version)) && isDigest(one),
        )) &&
      (filter.digest === undefined || found.some(isDigest)) &&
      (filter.verdict === undefined || filter.verdict === columns.verdict) &&
      (filter.route === undefined || filter.route === columns.route) &&
      (filter.type === undefined || filter.type === columns.type) &&
      (filter.code === undefined || columns.codes.includes(filter.code)) &&
      (filter.rule === undefined || columns.rules.includes(filter.rule)) &&
      (filter.policy === undefined || filter.policy === columns.policy) &&
      (filter.waiver === undefined ||
        (filter.waiver === '*' ? columns.waivers.length > 0 : columns.waivers.includes(filter.waiver))) &&
      (filter.provenance === undefined || filter.provenance === columns.provenance) &&
      columns.time >= (filter.since ?? 0) &&
      columns.time < (filter.until ?? Number.POSITIVE_INFINITY) &&
      seq > (filter.after ?? -1) &&
      seq < (filter.before ?? Number.POSITIVE_INFINITY)
    );
    function isDigest(one: Subject): boolean {
      return filter.digest === undefined || one.sha256 === filter.digest;
    }
  }

  test('and counts are those of the entries found', async () => {
    const ledger = await openTemporary();
    await Promise.all(drafts.map((draft) => ledger.append(draft)));
    const everything = await all(ledger);
    expect(everything).toHaveLength(COUNT);
    let some = 0;
    for (const [i, a] of AXES.entries()) {
      for (const b of AXES.slice(i)) {
        if (a.package !== undefined && b.package !== undefined && a !== b) continue;
        const filter = { ...a, ...b };
        const expected = everything
          .filter((stored) => holds(filter, stored.seq, stored))
          .map(({ seq }) => seq);
        expect(await places(ledger, filter), JSON.stringify(filter)).toEqual(expected);
        const counted = await ledger.stats(filter, 'agent', 100);
        expect(
          counted.reduce((sum, { entries }) => sum + entries, 0),
          JSON.stringify(filter),
        ).toBe(expected.length);
        if (expected.length > 0) some++;
      }
    }
    // A test of filters that find nothing would prove nothing.
    expect(some).toBeGreaterThan(120);
  }, 120_000);
});

describe('which index is walked', () => {
  const COUNT = 20_000;
  /** Most entries are alike; every thousandth differs in everything. */
  async function skewed(): Promise<Database.Database> {
    const path = temporaryFolder();
    const ledger = await openLedger({ dir: path });
    const rare: Partial<DecisionInput> = {
      agent: 'rare',
      policy: sha256('rare'),
      place: 'rare.yaml:1',
      profile: 'rare',
      waived: [{ code: 'TOO_YOUNG', place: 'w.yaml:1' }],
      checks: [proven()],
    };
    const drafts = Array.from({ length: COUNT }, (_, i) =>
      i % 1000 === 7
        ? admitted('seldom', '1.0.0', { ...rare, time: i * 1000 })
        : admitted('often', `1.0.${i % 20}`, { time: i * 1000 }),
    );
    for (let i = 0; i < COUNT; i += 1000) {
      await Promise.all(drafts.slice(i, i + 1000).map((draft) => ledger.append(draft)));
    }
    await ledger.close();
    return new Database(join(path, 'ledger', 'ledger.db'), { readonly: true });
  }

  test('is the one with the fewest entries, and no selective filter is a scan or a sort', async () => {
    const db = await skewed();
    const planned = planner(db);
    const cases: readonly [EntryFilter, string, RegExp][] = [
      [{}, 'sequence', /^SEARCH i USING INTEGER PRIMARY KEY/],
      [
        { agent: 'rare' },
        'agents',
        /^SEARCH i USING INDEX entry_by_agent \(agent=\? AND rowid>\? AND rowid<\?\)/,
      ],
      [{ agent: 'rare', verdict: 'allow', package: 'often' }, 'agents', /entry_by_agent/],
      [{ agent: ['rare', 'none'], verdict: 'allow' }, 'agents', /entry_by_agent/],
      [{ package: 'seldom' }, 'packages', /^SEARCH p USING PRIMARY KEY \(package=\? AND seq>\? AND seq<\?\)/],
      [{ package: 'seldom', agent: 'ana' }, 'packages', /^SEARCH p USING PRIMARY KEY/],
      [{ digest: sha256('seldom1.0.0') }, 'packages', /^SEARCH p USING PRIMARY KEY/],
      [{ policy: sha256('rare'), verdict: 'allow' }, 'policies', /entry_by_policy/],
      [{ rule: 'rare.yaml:1', verdict: 'allow' }, 'rules', /entry_by_rules/],
      [
        { waiver: '*', verdict: 'allow' },
        'marks',
        /^SEARCH m USING PRIMARY KEY \(word=\? AND seq>\? AND seq<\?\)/,
      ],
      [{ provenance: 'verified', agent: 'ana' }, 'shapes', /entry_by_shape/],
      [{ profile: 'rare' }, 'shapes', /entry_by_shape/],
      [{ agent: 'ana' }, 'sequence', /INTEGER PRIMARY KEY/],
      [{ agent: 'ana', since: 5_000_000, until: 6_000_000 }, 'sequence', /INTEGER PRIMARY KEY/],
    ];
    for (const [filter, driver, detail] of cases) {
      const plan = planned(selectionOf(filter));
      expect(plan?.driver, JSON.stringify(filter)).toBe(driver);
      if (!plan) continue;
      for (const reverse of [false, true]) {
        const { sql, values } = statementOf(plan, 'shape', reverse);
        const steps = db
          .prepare<unknown[], { detail: string }>(`EXPLAIN QUERY PLAN ${sql}`)
          .all(...values, plan.from, plan.to, 10)
          .map((step) => step.detail);
        const walk = steps.filter((step) => /^(SEARCH|SCAN) [ipm]\b/.test(step));
        expect(walk[0], JSON.stringify([filter, steps])).toMatch(detail);
        // What is joined is looked up by its place.
        for (const step of walk) expect(step, JSON.stringify([filter, steps])).toMatch(/^SEARCH/);
        const numbers = Object.values(plan.conditions).every(
          (list) => !Array.isArray(list) || list.length === 1,
        );
        if (numbers) expect(steps.join()).not.toMatch(/TEMP B-TREE/);
      }
    }
    db.close();
  }, 120_000);
});

test('columns are those of an entry, whatever is in it: nothing throws', () => {
  for (const bytes of [
    '',
    'null',
    '1',
    '[]',
    '{"time":"x","reasons":{},"waived":[1,null],"bundled":"x"}',
    '{"type":"x"}',
  ]) {
    const columns = columnsOfBytes(bytes);
    expect(columns).toMatchObject({ time: 0, type: '', codes: [], subject: null, bundled: [], waivers: [] });
  }
  expect(columnsOfBytes('{"type":"decision","checks":{"check":"provenance"},"facts":1}').provenance).toBe('');
  const bytes = bytesOf({ ...admitted('x', '1.0.0'), bundled: ['@a/b@1.0.0', '@a/b', '@a/b@1.0.0'] });
  expect(columnsOfBytes(bytes).bundled.map(({ name, version }) => [name, version])).toEqual([
    ['@a/b', ''],
    ['@a/b', '1.0.0'],
  ]);
  const sum = { type: 'decision', time: 1, id: 'x', sha256: sha256('a').toUpperCase(), sha512: sha256('a') };
  expect(columnsOfBytes(JSON.stringify(sum)).subject).toBeNull();
});
