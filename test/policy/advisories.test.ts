import { describe, expect, test } from 'vitest';
import type { Advisory, FeedFacts, Severity } from '../../src/model/advisory.ts';
import { sriOf } from '../../src/model/digest.ts';
import { decide } from '../../src/policy/decide.ts';
import {
  A256,
  A512,
  codes,
  DAY,
  downloadOf,
  listingOf,
  NOW,
  nameOf,
  policyOf,
  VERIFIED,
} from './questions.ts';

const MALICIOUS: Advisory = { id: 'MAL-2025-1', kind: 'malware', severity: null };
const FEED: FeedFacts = { digest: A256, at: NOW - DAY, staleAt: NOW + DAY };
const STALE: FeedFacts = { ...FEED, staleAt: NOW };

const of = (level: string) => policyOf(`requirements: { npm: { malware: ${level} } }\nallow: [{ npm: pkg }]`);
const named = (change: { feed?: FeedFacts | null; advisories?: readonly Advisory[] }) =>
  listingOf('pkg', '1.0.0', { feed: FEED, advisories: [MALICIOUS], ...change });

describe('malware', () => {
  test.each([
    ['off', null, [], [], []],
    ['warn', null, [], [], []],
    ['deny', 'MALWARE', [], [], []],
    ['required', 'MALWARE', [], ['FEED_MISSING'], ['FEED_MISSING']],
  ])('%s', (level, code, nothing, missing, stale) => {
    expect(codes(of(level), named({}))).toEqual(code === null ? [] : [code]);
    expect(codes(of(level), named({ advisories: [] }))).toEqual(nothing);
    expect(codes(of(level), named({ advisories: [], feed: null }))).toEqual(missing);
    expect(codes(of(level), named({ advisories: [], feed: STALE }))).toEqual(stale);
    expect(codes(of(level), downloadOf(named({})))).toEqual(code === null ? [] : [code]);
    expect(codes(of(level), downloadOf(named({ advisories: [], feed: null })))).toEqual(missing);
    // Before any contact with an upstream, there is no version to look up.
    expect(codes(of(level), nameOf('pkg'))).toEqual([]);
  });

  test('is told where it is not refused, and says which records', () => {
    const told = { code: 'MALWARE', place: null, about: ['MAL-2025-1'] };
    expect(decide(of('deny'), 'default', named({})).reasons).toEqual([told]);
    expect(decide(of('warn'), 'default', named({})).warnings).toEqual([told]);
    expect(decide(of('off'), 'default', named({})).warnings).toEqual([]);
    const many = Array.from({ length: 20 }, (_, i) => ({ ...MALICIOUS, id: `MAL-2025-${99 - i}` }));
    const about = decide(of('deny'), 'default', named({ advisories: many })).reasons[0]?.about;
    expect(about).toHaveLength(16);
    expect(about?.[0]).toBe('MAL-2025-80');
  });

  test('a record counts, however old the feed is', () => {
    expect(codes(of('deny'), named({ feed: STALE }))).toEqual(['MALWARE']);
    expect(codes(of('required'), named({ feed: STALE }))).toEqual(['MALWARE', 'FEED_MISSING']);
  });

  test('the answer changes when the feed gets too old, where one is required', () => {
    const until = (level: string, feed: FeedFacts | null = FEED) =>
      decide(of(level), 'default', named({ advisories: [], feed })).until;
    expect(until('required')).toBe(NOW + DAY);
    expect(until('deny')).toBeNull();
    expect(until('required', STALE)).toBeNull();
    const at = (now: number) => codes(of('required'), listingOf('pkg', '1.0.0', { feed: FEED, now }));
    expect(at(NOW + DAY - 1)).toEqual([]);
    expect(at(NOW + DAY)).toEqual(['FEED_MISSING']);
  });

  test('an instant that is no number is past', () => {
    expect(codes(of('required'), named({ advisories: [], feed: { ...FEED, staleAt: Number.NaN } }))).toEqual([
      'FEED_MISSING',
    ]);
  });

  test('refuses what is pinned, in frozen too, and what a rule that silences nothing admits', () => {
    const pins = `pins: [{ npm: pkg@1.0.0, integrity: "${sriOf(A512)}" }]`;
    for (const text of [pins, `mode: frozen\n${pins}`, 'allow: [{ npm: pkg }]']) {
      expect(codes(policyOf(text), named({}))).toEqual(['MALWARE']);
    }
    const verdicts = [
      ...VERIFIED.filter(({ check }) => check !== 'pin'),
      { check: 'pin', result: 'verified' } as const,
    ];
    expect(codes(policyOf(`mode: frozen\n${pins}`), downloadOf(named({}), { verdicts }))).toEqual([
      'MALWARE',
    ]);
  });

  test("a rule's own word counts for what it admits, the profile's for a pin beside it", () => {
    const policy = policyOf(`
allow: [{ npm: pkg, versions: ">=2", requirements: { malware: off } }]
pins: [{ npm: pkg@1.0.0, integrity: "${sriOf(A512)}" }]
`);
    expect(codes(policy, listingOf('pkg', '2.0.0', { feed: FEED, advisories: [MALICIOUS] }))).toEqual([]);
    expect(codes(policy, named({}))).toEqual(['MALWARE']);
  });

  test('of a name that nobody listed nothing is looked up', () => {
    const policy = policyOf('requirements: { npm: { malware: required } }\nallow: [{ npm: other }]');
    expect(codes(policy, named({ feed: null }))).toEqual(['NOT_ALLOWLISTED']);
  });

  test('a record of a kind that is not known is taken for the worse', () => {
    const strange = { ...MALICIOUS, kind: 'something' } as unknown as Advisory;
    expect(codes(of('deny'), named({ advisories: [strange] }))).toEqual(['MALWARE']);
  });
});

describe('vulnerability', () => {
  const vulnerable = (...severities: (Severity | null)[]): Advisory[] =>
    severities.map((severity, i) => ({ id: `GHSA-${i}`, kind: 'vulnerability', severity }));
  const under = (level: string) =>
    policyOf(`requirements: { npm: { vulnerability: ${level} } }\nallow: [{ npm: pkg }]`);
  const ask = (level: string, ...severities: (Severity | null)[]) =>
    decide(under(level), 'default', named({ advisories: vulnerable(...severities) }));

  const LEVELS = ['low', 'moderate', 'high', 'critical'] as const;
  test.each(LEVELS)('%s refuses from there on, and tells of the rest', (level) => {
    for (const severity of LEVELS) {
      const reaches = LEVELS.indexOf(severity) >= LEVELS.indexOf(level);
      const { verdict, reasons, warnings } = ask(level, severity);
      const said = [{ code: 'VULNERABLE', place: 'p.yaml:3', about: ['GHSA-0'] }];
      expect({ verdict, reasons, warnings }).toEqual(
        reaches
          ? { verdict: 'refuse', reasons: said, warnings: [] }
          : { verdict: 'allow', reasons: [], warnings: said },
      );
    }
  });

  test('without a feed every severity refuses, and only a waiver of it lifts that', () => {
    for (const level of LEVELS)
      expect(codes(under(level), named({ advisories: [], feed: null }))).toEqual(['VULNERABILITY_UNCHECKED']);
    for (const level of ['off', 'warn'])
      expect(codes(under(level), named({ advisories: [], feed: null }))).toEqual([]);
    // A feed that is old is an alarm, and refuses where malware is `required`.
    const old = { ...FEED, staleAt: FEED.at };
    expect(codes(under('low'), named({ advisories: [], feed: old }))).toEqual([]);
  });

  test('off says nothing, warn tells of everything', () => {
    expect(ask('off', 'critical')).toMatchObject({ verdict: 'allow', warnings: [] });
    expect(ask('warn', 'low', null)).toMatchObject({
      verdict: 'allow',
      warnings: [{ code: 'VULNERABLE', about: ['GHSA-1', 'GHSA-0'] }],
    });
  });

  test('a severity that is not said, or not known, is the worst', () => {
    expect(ask('critical', null)).toMatchObject({ verdict: 'refuse' });
    const strange = 'negligible' as unknown as Severity;
    expect(ask('critical', strange)).toMatchObject({ verdict: 'refuse' });
  });

  test('names the worst first, at most 16, each once', () => {
    const { reasons, warnings } = ask('high', 'low', 'high', 'critical', 'moderate', 'high');
    expect(reasons[0]?.about).toEqual(['GHSA-2', 'GHSA-1', 'GHSA-4']);
    expect(warnings[0]?.about).toEqual(['GHSA-3', 'GHSA-0']);
    const twice = [...vulnerable('high'), ...vulnerable('high')];
    expect(decide(under('low'), 'default', named({ advisories: twice })).reasons[0]?.about).toEqual([
      'GHSA-0',
    ]);
    expect(ask('low', ...Array.from({ length: 40 }, () => 'high' as const)).reasons[0]?.about).toHaveLength(
      16,
    );
  });

  test('is not malware, nor malware one', () => {
    expect(codes(under('low'), named({}))).toEqual(['MALWARE']);
    expect(codes(of('required'), named({ advisories: vulnerable('critical') }))).toEqual([]);
  });
});
