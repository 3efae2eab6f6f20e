import { describe, expect, test } from 'vitest';
import type { FeedFacts } from '../../src/model/advisory.ts';
import { sriOf } from '../../src/model/digest.ts';
import { NO_FACTS } from '../../src/model/facts.ts';
import type { ReasonCode } from '../../src/model/reason-codes.ts';
import type { Verdict } from '../../src/model/verdict.ts';
import { decide } from '../../src/policy/decide.ts';
import { evidenceAsked } from '../../src/policy/judge/evidence.ts';
import { admittedNames } from '../../src/policy/names.ts';
import type { ListingQuestion, Policy, Question } from '../../src/policy/policy.ts';
import {
  A256,
  A512,
  B256,
  B512,
  DAY,
  downloadOf,
  listingOf,
  NOW,
  nameOf,
  policyOf,
  VERIFIED,
} from './questions.ts';

const END = Date.parse('2026-07-02T00:00Z');
const OBSERVE = 'mode: observe\nuntil: 2026-07-01\n';
const RULES = `
requirements: { npm: { age: 7d, malware: required } }
allow: [{ npm: pkg, versions: "<2" }]
deny: [{ npm: bad }, { npm: "*", versions: "6.6.6" }]
internal: [ours]
pins: [{ npm: pinned@1.0.0, integrity: "${sriOf(A512)}" }]
`;
const POLICY = policyOf(OBSERVE + RULES);
const FEED: FeedFacts = { digest: A256, at: NOW, staleAt: NOW + 1000 * DAY };

const listed = (name: string, version = '1.0.0', change: Parameters<typeof listingOf>[2] = {}) =>
  listingOf(name, version, { feed: FEED, ...change });

function outcome(question: Question, policy: Policy = POLICY) {
  const { verdict, reasons, observed } = decide(policy, 'default', question);
  return { verdict, reasons: reasons.map((r) => r.code), observed: observed.map((r) => r.code) };
}
const served = (...observed: ReasonCode[]) => ({ verdict: 'allow', reasons: [], observed });

describe('observe lets pass', () => {
  test('a name that nobody listed', () => {
    expect(outcome(nameOf('new'))).toEqual(served('NOT_ALLOWLISTED'));
    expect(outcome(listed('new'))).toEqual(served('NOT_ALLOWLISTED'));
    expect(outcome(downloadOf(listed('new')))).toEqual(served('NOT_ALLOWLISTED'));
    expect(decide(POLICY, 'default', listed('new'))).toMatchObject({ by: null, place: null, until: END });
    expect(decide(POLICY, 'default', nameOf('new'))).toMatchObject({ by: null, place: null, until: END });
  });

  test('a version that no rule or pin reaches', () => {
    expect(outcome(listed('pkg', '2.0.0'))).toEqual(served('VERSION_NOT_ALLOWED'));
    expect(outcome(listed('pinned', '2.0.0'))).toEqual(served('VERSION_NOT_ALLOWED'));
  });

  test('what a requirement asks, of listed and of other names', () => {
    const change = {
      facts: { ...NO_FACTS, findings: [{ code: 'STARTUP_HOOK', place: 'x' }] },
      file: { claimedAt: NOW, installScripts: true },
    } as const;
    expect(outcome(listed('pkg', '1.0.0', change))).toEqual(
      served('TOO_YOUNG', 'INSTALL_SCRIPTS', 'STARTUP_HOOK'),
    );
    expect(outcome(listed('new', '1.0.0', change))).toEqual(
      served('NOT_ALLOWLISTED', 'TOO_YOUNG', 'INSTALL_SCRIPTS', 'STARTUP_HOOK'),
    );
    expect(outcome(downloadOf(listed('new', '1.0.0', change)))).toEqual(
      served('NOT_ALLOWLISTED', 'TOO_YOUNG', 'INSTALL_SCRIPTS', 'STARTUP_HOOK'),
    );
  });

  test('evidence that fails, and asks for it of every name', () => {
    const policy = policyOf(
      `${OBSERVE}requirements: { npm: { provenance: required } }\nallow: [{ npm: pkg, requirements: { provenance: off } }]`,
    );
    expect(outcome(downloadOf(listed('new')), policy)).toEqual(
      served('NOT_ALLOWLISTED', 'PROVENANCE_MISSING'),
    );
    expect(outcome(downloadOf(listed('new'), { evidence: [] }), policy)).toEqual(
      served('NOT_ALLOWLISTED', 'SIGNATURE_UNCHECKED', 'PROVENANCE_UNCHECKED'),
    );
    expect(evidenceAsked(policy, 'default', listed('new'))).toEqual({
      'registry-signature': true,
      provenance: true,
    });
    expect(evidenceAsked(policy, 'default', listed('pkg'))).toEqual({
      'registry-signature': true,
      provenance: false,
    });
  });

  test('and what is admitted anyway is only admitted', () => {
    expect(outcome(listed('pkg'))).toEqual(served());
    expect(decide(POLICY, 'default', listed('pkg'))).toMatchObject({ by: 'exact', until: FEED.staleAt });
    expect(outcome(listed('pinned', '1.0.0', { file: { claimedAt: NOW } }))).toEqual(served());
  });

  test('a young version is eligible when it is old enough, were it asked then', () => {
    const young = listed('pkg', '1.0.0', { file: { claimedAt: NOW } });
    expect(decide(POLICY, 'default', young)).toMatchObject({
      verdict: 'allow',
      eligibleAt: NOW + 7 * DAY,
      until: NOW + 7 * DAY,
    });
    expect(decide(POLICY, 'default', { ...young, now: NOW + 7 * DAY }).observed).toEqual([]);
    // Of a name that nobody listed, age is not all that is missing.
    expect(decide(POLICY, 'default', { ...young, name: nameOf('new').name }).eligibleAt).toBeNull();
  });
});

describe('observe refuses', () => {
  const pinCheck = (result: Verdict['result'], code?: ReasonCode): Verdict[] => [
    ...VERIFIED.filter(({ check }) => check !== 'pin'),
    { check: 'pin', result, ...(code ? { code } : {}) },
  ];
  const findings = (code: 'ARCHIVE_UNSAFE' | 'METADATA_MISMATCH'): Parameters<typeof listingOf>[2] => ({
    facts: { ...NO_FACTS, findings: [{ code, place: 'x' }] },
  });
  const first = { facts: { ...NO_FACTS, first: { sha256: B256, sha512: B512 } } };
  const malware: Pick<ListingQuestion, 'advisories'> = {
    advisories: [{ id: 'MAL-1', kind: 'malware', severity: null }],
  };

  test('names of ours, in the words of an unlisted one', () => {
    for (const question of [nameOf('ours'), nameOf('Ours'), listed('ours'), downloadOf(listed('ours'))]) {
      expect(decide(POLICY, 'default', question)).toEqual({
        verdict: 'refuse',
        reasons: [{ code: 'NOT_ALLOWLISTED', place: null }],
        observed: [],
        waived: [],
        warnings: [],
        place: null,
        by: null,
        until: null,
        eligibleAt: null,
      });
    }
  });

  test.each<[ReasonCode, Question]>([
    ['DENIED', nameOf('bad')],
    ['DENIED', listed('bad')],
    ['DENIED', listed('new', '6.6.6')],
    ['QUARANTINED_UPSTREAM', listed('new', '1.0.0', { quarantined: true })],
    ['NO_DIGEST', listed('new', '1.0.0', { file: { digests: [] } })],
    ['ARCHIVE_UNSAFE', listed('new', '1.0.0', findings('ARCHIVE_UNSAFE'))],
    ['METADATA_MISMATCH', listed('new', '1.0.0', findings('METADATA_MISMATCH'))],
    ['DIGEST_CHANGED', listed('new', '1.0.0', first)],
    ['MALWARE', listed('new', '1.0.0', malware)],
    ['FEED_MISSING', listed('new', '1.0.0', { feed: null })],
    ['PIN_MISMATCH', listed('pinned', '1.0.0', { file: { digests: [B512] } })],
    ['DIGEST_MISMATCH', downloadOf(listed('new'), { sha512: B512 })],
    ['SIZE_MISMATCH', downloadOf(listed('new', '1.0.0', { file: { size: 3 } }))],
    ['ARCHIVE_UNSAFE', downloadOf(listed('new'), { facts: NO_FACTS })],
    [
      'PIN_MISMATCH',
      downloadOf(listed('new'), { verdicts: VERIFIED.filter(({ check }) => check !== 'pin') }),
    ],
    ['PIN_MISMATCH', downloadOf(listed('pinned'), { verdicts: VERIFIED })],
    // A verdict that borrows the code of what would pass
    ['NOT_ALLOWLISTED', downloadOf(listed('pinned'), { verdicts: pinCheck('failed', 'NOT_ALLOWLISTED') })],
    [
      'TOO_YOUNG',
      downloadOf(listed('pkg'), {
        verdicts: [...VERIFIED, { check: 'archive', result: 'failed', code: 'TOO_YOUNG' }],
      }),
    ],
    ['NOT_PINNED', downloadOf(listed('pkg'), { verdicts: pinCheck('failed', 'NOT_PINNED') })],
  ])('%s', (code, question) => {
    const { verdict, reasons } = outcome(question);
    expect({ verdict, reasons }).toEqual({ verdict: 'refuse', reasons: [code] });
  });
});

describe('from its end on', () => {
  test.each([
    [END - 1, 'allow'],
    [END, 'refuse'],
    [END + DAY, 'refuse'],
    [Number.NaN, 'refuse'],
    [Number.POSITIVE_INFINITY, 'refuse'],
  ])('at %d: %s', (now, verdict) => {
    expect(decide(POLICY, 'default', { ...nameOf('new'), now }).verdict).toBe(verdict);
    expect(decide(POLICY, 'default', { ...listed('new'), now }).verdict).toBe(verdict);
  });

  test('it is enforce, to the last field', () => {
    const enforce = policyOf(`mode: enforce\n\n${RULES}`);
    for (const name of ['new', 'pkg', 'bad', 'ours', 'pinned']) {
      for (const question of [nameOf(name), listed(name, '2.0.0'), downloadOf(listed(name))]) {
        const late = { ...question, now: END };
        expect(decide(POLICY, 'default', late)).toEqual(decide(enforce, 'default', late));
      }
    }
  });

  test('and one without an end is enforce', () => {
    const profile = POLICY.profiles.get('default');
    if (!profile) throw new Error('no profile');
    for (const until of [null, Number.NaN]) {
      const endless = { ...POLICY, profiles: new Map([['default', { ...profile, until }]]) };
      expect(outcome(nameOf('new'), endless).verdict).toBe('refuse');
    }
  });
});

test('every name is admitted there but those that are denied or ours', () => {
  expect(admittedNames(POLICY, 'default', 'npm', NOW)).toEqual({ exact: ['pinned', 'pkg'], prefixes: [''] });
  expect(admittedNames(POLICY, 'default', 'npm', END)).toEqual({ exact: ['pinned', 'pkg'], prefixes: [] });
  const wide = policyOf(`${OBSERVE}allow: [{ npm: "*", wide: true }, { npm: "@t/*" }]`);
  expect(admittedNames(wide, 'default', 'npm', NOW).prefixes).toEqual(['@t/', '']);
});

test('a waiver is counted as one, and what it lifts is not observed', () => {
  const waiver = JSON.stringify({
    npm: 'new@1.0.0',
    integrity: sriOf(A512),
    lifts: 'install-scripts',
    reason: 'x',
    approver: 'y',
    expires: '2026-06-02',
  });
  const policy = policyOf(`${OBSERVE}waivers: [${waiver}]`);
  expect(decide(policy, 'default', listed('new', '1.0.0', { file: { installScripts: true } }))).toMatchObject(
    {
      verdict: 'allow',
      observed: [{ code: 'NOT_ALLOWLISTED' }],
      waived: [{ code: 'INSTALL_SCRIPTS', place: 'p.yaml:4' }],
      until: Date.parse('2026-06-03T00:00Z'),
    },
  );
});
