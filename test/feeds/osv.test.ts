import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { affecting } from '../../src/feeds/affecting.ts';
import { readOsv } from '../../src/feeds/osv.ts';
import { spansOf } from '../../src/feeds/ranges.ts';
import { severityOf } from '../../src/feeds/severity.ts';
import { npm, pypi } from '../policy/schemes.ts';
import { ghsaRecord, malRecord, pysecRecord, SCHEMES } from './records.ts';

const read = (value: unknown) => readOsv(value, SCHEMES);
const EVERY = { introduced: null, fixed: null, lastAffected: null };

/** Which of these versions a record reaches. */
function reached(record: unknown, versions: readonly string[], scheme = npm): string[] {
  const records = (read(record)?.affected ?? []).map((one) => one.record);
  return versions.filter((version) => affecting(records, scheme, version).length > 0);
}

test('a record of malware is of every version, and of malware', () => {
  const record = read(malRecord('MAL-2026-1', '@Scope/Evil-Widget'.toLowerCase()));
  expect(record).toEqual({
    id: 'MAL-2026-1',
    modified: Date.parse('2026-05-31T10:00:00Z'),
    withdrawn: false,
    aliases: [],
    severity: null,
    affected: [
      {
        ecosystem: 'npm',
        name: '@scope/evil-widget',
        record: { id: 'MAL-2026-1', kind: 'malware', severity: null, versions: [], ranges: [EVERY] },
      },
    ],
    unreadable: 0,
  });
});

test('what a database says of malice counts as the id does; other records are vulnerabilities', () => {
  const kindOf = (members: object) =>
    read(ghsaRecord('GHSA-aaaa-bbbb-cccc', 'w', { ...members }))?.affected[0]?.record.kind;
  expect(kindOf({ database_specific: { 'malicious-packages-origins': [] } })).toBe('malware');
  expect(kindOf({ database_specific: { cwe_ids: ['CWE-506'] } })).toBe('malware');
  expect(kindOf({})).toBe('vulnerability');
  expect(kindOf({ database_specific: 'malicious-packages-origins' })).toBe('vulnerability');
});

test('several ranges, each with its fix', () => {
  const versions = ['0.0.1', '1.2.4', '1.2.5', '1.9.0', '2.0.0-rc.1', '2.0.0', '2.0.2', '2.0.3', '3.0.0'];
  expect(reached(ghsaRecord('GHSA-aaaa-bbbb-cccc', 'w'), versions)).toEqual([
    '0.0.1',
    '1.2.4',
    '2.0.0',
    '2.0.2',
  ]);
});

test('a Python record: its name and versions in normal form, ranges of commits passed over', () => {
  const record = read(pysecRecord('PYSEC-2023-7', 'Some_Package.Name'));
  expect(record?.affected[0]).toMatchObject({
    ecosystem: 'pypi',
    name: 'some-package-name',
    record: { ranges: [{ introduced: '1.0a1', fixed: '1.4', lastAffected: null }] },
  });
  expect(record?.aliases).toEqual(['CVE-2023-2222', 'GHSA-aaaa-bbbb-cccc']);
  const versions = ['0.9', '1.0a1', '1.3.9', '1.4', '2.0'];
  expect(reached(pysecRecord('PYSEC-2023-7', 'x'), versions, pypi)).toEqual(['1.0a1', '1.3.9']);
});

test('of one package in several entries there is one record; another ecosystem is another package', () => {
  const entry = (ecosystem: string, name: string, events: unknown) => ({
    package: { ecosystem, name },
    ranges: [{ type: 'ECOSYSTEM', events }],
  });
  const record = read({
    id: 'GHSA-aaaa-bbbb-cccc',
    affected: [
      entry('npm', 'w', [{ introduced: '1.0.0' }, { fixed: '1.1.0' }]),
      entry('npm', 'w', [{ introduced: '3.0.0' }, { last_affected: '3.2.0' }]),
      entry('PyPI', 'W', [{ introduced: '0' }]),
      entry('crates.io', 'w', [{ introduced: '0' }]),
      entry('npm', 'no name!', [{ introduced: '0' }]),
    ],
  });
  expect(record?.affected.map((one) => [one.ecosystem, one.name, one.record.ranges.length])).toEqual([
    ['npm', 'w', 2],
    ['pypi', 'w', 1],
  ]);
  expect(record?.unreadable).toBe(1);
});

test('withdrawn: none; a time of withdrawal that is none withdraws nothing', () => {
  expect(read(malRecord('MAL-2026-1', 'w', 'npm', { withdrawn: '2026-05-31T00:00:00Z' }))).toMatchObject({
    withdrawn: true,
    affected: [],
  });
  expect(reached(malRecord('MAL-2026-1', 'w', 'npm', { withdrawn: 'yes' }), ['1.0.0'])).toEqual(['1.0.0']);
});

describe('what a record does not say of versions, it says of all', () => {
  const affected = (members: object) => ({
    id: 'MAL-2026-1',
    affected: [{ package: { ecosystem: 'npm', name: 'w' }, ...members }],
  });
  test.each([
    ['nothing', {}],
    ['empty lists', { versions: [], ranges: [] }],
    ['commits alone', { ranges: [{ type: 'GIT', events: [{ introduced: '0' }] }] }],
    ['versions that nobody reads', { versions: ['all of them', 7] }],
    [
      'a text for a list',
      { versions: '1.0.0', ranges: [{ type: 'SEMVER', events: [{ introduced: '5.0.0' }] }] },
    ],
    ['an object for a list', { versions: ['5.0.0'], ranges: {} }],
    ['a range without events', { versions: ['5.0.0'], ranges: [{ type: 'SEMVER', events: [] }] }],
    [
      'a range of another type',
      { versions: ['5.0.0'], ranges: [{ type: 'CALENDAR', events: [{ introduced: '0' }] }] },
    ],
    ['a range that is none', { versions: ['5.0.0'], ranges: [null] }],
  ])('%s', (_, members) => {
    expect(reached(affected(members), ['0.0.1', '1.0.0', '99.0.0'])).toEqual(['0.0.1', '1.0.0', '99.0.0']);
  });

  test('versions alone are those versions, with or without a v', () => {
    expect(reached(affected({ versions: ['1.0.0', 'v2.0.0'] }), ['1.0.0', '1.0.1', '2.0.0'])).toEqual([
      '1.0.0',
      '2.0.0',
    ]);
  });
});

describe('ranges', () => {
  const spans = (events: unknown) => spansOf({ type: 'SEMVER', events }, npm);
  const span = (introduced: string | null, fixed: string | null, lastAffected: string | null = null) => ({
    introduced,
    fixed,
    lastAffected,
  });
  test.each([
    [
      'pairs in any order',
      [{ fixed: '2.1.0' }, { introduced: '2.0.0' }, { fixed: '1.1.0' }, { introduced: '1.0.0' }],
      [span('1.0.0', '1.1.0'), span('2.0.0', '2.1.0')],
    ],
    [
      'the last one that is affected',
      [{ introduced: '0' }, { last_affected: '1.4.0' }],
      [span(null, null, '1.4.0')],
    ],
    ['one version', [{ introduced: '1.0.0' }, { last_affected: '1.0.0' }], [span('1.0.0', null, '1.0.0')]],
    ['no end', [{ introduced: '1.0.0' }], [span('1.0.0', null)]],
    ['an end alone', [{ fixed: '1.0.0' }], [span(null, '1.0.0')]],
    [
      'a second start without an end',
      [{ introduced: '1.0.0' }, { introduced: '2.0.0' }, { fixed: '3.0.0' }],
      [span('1.0.0', '3.0.0')],
    ],
    ['start and end in one object', [{ introduced: '1.0.0', fixed: '2.0.0' }], [span('1.0.0', '2.0.0')]],
    [
      'reintroduced where it was fixed',
      [{ introduced: '0' }, { fixed: '1.0.0' }, { introduced: '1.0.0' }],
      [span(null, '1.0.0'), span('1.0.0', null)],
    ],
    ['a limit', [{ introduced: '0' }, { limit: '2.0.0' }], [span(null, '2.0.0')]],
    [
      'a limit behind the end',
      [{ introduced: '0' }, { fixed: '1.0.0' }, { limit: '2.0.0' }],
      [span(null, '1.0.0')],
    ],
    ['no limit', [{ introduced: '0' }, { limit: '*' }], [span(null, null)]],
    ['a start that is no version', [{ introduced: 'first' }, { fixed: '2.0.0' }], [span(null, '2.0.0')]],
    ['an end that is no version', [{ introduced: '1.0.0' }, { fixed: 'soon' }], [span('1.0.0', null)]],
    [
      'a start that is no version beside pairs',
      [{ introduced: '3.0.0' }, { fixed: '4.0.0' }, { introduced: {} }, { fixed: '2.0.0' }],
      [span(null, '4.0.0')],
    ],
    [
      'an end that is no version beside pairs',
      [{ introduced: '1.0.0' }, { fixed: null }, { introduced: '3.0.0' }, { fixed: '4.0.0' }],
      [span('1.0.0', null)],
    ],
    [
      'an event that nobody knows',
      [{ introduced: '3.0.0' }, { fixed: '4.0.0' }, { moved: '9.0.0' }],
      [EVERY],
    ],
  ])('%s', (_, events, expected) => {
    expect(spans(events)).toEqual(expected);
  });

  test('whatever event cannot be read, no version escapes that would not without it', () => {
    const version = fc.tuple(fc.nat(4), fc.nat(2), fc.nat(2)).map((parts) => parts.join('.'));
    const pair = fc.tuple(version, version).map(([a, b]) => {
      const [from, to] = npm.compare(a, b) <= 0 ? [a, b] : [b, a];
      return { from, to: from === to ? `${to.slice(0, -1)}9` : to };
    });
    const probes = fc.sample(version, { numRuns: 60, seed: 7 });
    fc.assert(
      fc.property(fc.array(pair, { minLength: 1, maxLength: 4 }), fc.nat(7), (pairs, damaged) => {
        const events = pairs.flatMap(({ from, to }) => [{ introduced: from }, { fixed: to }]);
        const key = damaged % 2 === 0 ? 'introduced' : 'fixed';
        const broken = events.map((event, i) =>
          i === damaged % events.length
            ? { [key in event ? key : (Object.keys(event)[0] ?? key)]: 'x y' }
            : event,
        );
        const has = (list: unknown, probe: string) =>
          affecting(
            [{ id: 'MAL-1', kind: 'malware', severity: null, versions: [], ranges: spans(list) ?? [] }],
            npm,
            probe,
          ).length > 0;
        for (const probe of probes)
          if (has(events, probe))
            expect(has(broken, probe), JSON.stringify([events, broken, probe])).toBe(true);
      }),
      { numRuns: 300 },
    );
  });
});

describe('severity', () => {
  const vector = (type: string, score: string) => ({ severity: [{ type, score }] });
  test.each([
    ['a word', { database_specific: { severity: 'MEDIUM' } }, 'moderate'],
    [
      'a word before vectors',
      {
        ...vector('CVSS_V3', 'CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H'),
        database_specific: { severity: 'Low' },
      },
      'low',
    ],
    ['CVSS 3.1, 9.8', vector('CVSS_V3', 'CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H'), 'critical'],
    ['CVSS 3.0, 7.5', vector('CVSS_V3', 'CVSS:3.0/AV:N/AC:L/PR:N/UI:N/S:U/C:N/I:N/A:H'), 'high'],
    ['CVSS 3.1, 5.3', vector('CVSS_V3', 'CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:N/I:L/A:N'), 'moderate'],
    ['CVSS 3.1, 0.0', vector('CVSS_V3', 'CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:N/I:N/A:N'), 'low'],
    [
      'CVSS 4, 9.3, whatever is known of exploits',
      vector('CVSS_V4', 'CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:H/VI:H/VA:H/SC:N/SI:N/SA:N/E:U'),
      'critical',
    ],
    ['CVSS 2 has no critical', vector('CVSS_V2', 'AV:N/AC:L/Au:N/C:C/I:C/A:C'), 'high'],
    [
      'the worst of several',
      {
        severity: [
          ...vector('CVSS_V3', 'CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:N/I:L/A:N').severity,
          ...vector('CVSS_V4', 'CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:H/VI:H/VA:H/SC:N/SI:N/SA:N').severity,
        ],
      },
      'critical',
    ],
    ['half a vector', vector('CVSS_V3', 'CVSS:3.1/AV:N'), null],
    ['words for a vector', vector('CVSS_V3', 'very bad'), null],
    ['a metric that is none', vector('CVSS_V3', 'CVSS:3.1/AV:Q/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H'), null],
    ['a type that nobody knows', vector('Ubuntu', 'high'), null],
    ['nothing', {}, null],
    ['shapes', { severity: 'HIGH', database_specific: { severity: 9 } }, null],
  ] as const)('%s', (_, holder, expected) => {
    expect(severityOf(holder)).toBe(expected);
  });

  test('of the package where the record has none', () => {
    const record = ghsaRecord('GHSA-aaaa-bbbb-cccc', 'w', {
      severity: undefined,
      database_specific: undefined,
    });
    const [first] = record['affected'] as object[];
    const severity = [{ type: 'CVSS_V3', score: 'CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H' }];
    expect(read({ ...record, affected: [{ ...first, severity }] })?.affected[0]?.record.severity).toBe(
      'critical',
    );
  });
});

describe('hostile JSON', () => {
  const bad: unknown[] = [
    null,
    undefined,
    1,
    'x',
    [],
    {},
    { id: 1 },
    { id: 'no id' },
    { id: 'MAL-1\n2' },
    { id: `MAL-${'9'.repeat(100)}` },
  ];
  test.each(bad.map((value) => [value]))('%j is none', (value) => {
    expect(read(value)).toBeNull();
  });

  test('nothing that JSON can hold throws, and malware with an id and a package stays of all versions', () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.jsonValue(), fc.jsonValue(), fc.jsonValue(), (a, b, c, d) => {
        read(a);
        const record = {
          id: 'MAL-2026-1',
          modified: a,
          aliases: b,
          severity: c,
          database_specific: d,
          affected: [
            {
              package: { ecosystem: 'npm', name: 'w' },
              versions: a,
              ranges: b,
              severity: c,
              database_specific: d,
            },
            c,
          ],
        };
        // Members that happen to be lists of nothing readable say nothing; all others are shapes that nobody reads.
        expect(reached(record, ['1.0.0'])).toEqual(['1.0.0']);
      }),
      { numRuns: 500 },
    );
  });
});
