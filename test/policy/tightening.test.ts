import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type Advisory, SEVERITIES } from '../../src/model/advisory.ts';
import type { PackageName } from '../../src/model/artifact.ts';
import { sriOf } from '../../src/model/digest.ts';
import type { EvidenceVerdict } from '../../src/model/evidence.ts';
import { type FileFacts, NO_FACTS } from '../../src/model/facts.ts';
import { FINDINGS, type Finding, type FindingCode } from '../../src/model/finding.ts';
import { LIFTABLE, LIFTED_BY } from '../../src/model/liftable.ts';
import type { Verdict } from '../../src/model/verdict.ts';
import { decide, ORDER } from '../../src/policy/decide.ts';
import { NO_HIGHER } from '../../src/policy/judge/floor.ts';
import { PatternMap } from '../../src/policy/patterns.ts';
import type { DownloadQuestion, HigherAdmitted, ListingQuestion, Policy } from '../../src/policy/policy.ts';
import type { AllowRule, EcosystemRules, Mode, Requirements, Waiver } from '../../src/policy/profile.ts';
import { A256, A512, B512, DAY, downloadOf, listingOf, NOW, policyOf, VERIFIED } from './questions.ts';

const mostly = <T>(usual: T, other: fc.Arbitrary<T>) =>
  fc.oneof({ weight: 6, arbitrary: fc.constant(usual) }, { weight: 1, arbitrary: other });

const licence = (otherwise: 'warn' | 'deny', ...allow: string[]) => ({ allow, otherwise });
const EVIDENCE_LEVELS = ['off', 'if-present', 'no-downgrade', 'required'] as const;

/** From loose to strict. */
const LEVELS: { readonly [K in keyof Requirements]: readonly Requirements[K][] } = {
  age: [0, DAY, 7 * DAY],
  installScripts: ['allow', 'deny'],
  sdist: ['allow', 'deny'],
  directUrls: ['allow', 'deny'],
  startupHooks: ['allow', 'deny'],
  foreignPlaces: ['allow', 'deny'],
  registrySignature: EVIDENCE_LEVELS,
  provenance: EVIDENCE_LEVELS,
  malware: ['off', 'warn', 'deny', 'required'],
  vulnerability: ['off', 'warn', 'critical', 'high', 'moderate', 'low'],
  licence: [
    null,
    licence('warn', 'MIT'),
    licence('deny', 'MIT', 'ISC'),
    licence('deny', 'MIT'),
    licence('deny', 'BSD-3-Clause'),
  ],
  floor: ['off', 'line', 'admitted'],
  changes: ['off', 'warn', 'deny'],
};
type Key = keyof typeof LEVELS;
const KEYS = Object.keys(LEVELS) as Key[];
const level = (key: Key) => fc.nat({ max: LEVELS[key].length - 1 });

const waiver = fc.record({
  version: fc.constantFrom('1.0.0', '2.0.0'),
  lifts: fc.constantFrom(...LIFTABLE),
  digest: mostly(A512, fc.constant(B512)),
  days: fc.integer({ min: -3, max: 20 }),
});
const rules = fc.record({
  mode: fc.constantFrom<Mode>('observe', 'enforce', 'frozen'),
  untilDays: fc.integer({ min: -2, max: 20 }),
  levels: fc.record(
    Object.fromEntries(KEYS.map((key) => [key, level(key)])) as Record<Key, fc.Arbitrary<number>>,
  ),
  allow: mostly<string | null>(
    '{ npm: pkg }',
    fc.constantFrom(null, '{ npm: pkg, versions: ">=2" }', '{ npm: "p*" }'),
  ),
  deny: mostly<readonly string[]>([], fc.constantFrom(['{ npm: pkg }'], ['{ npm: pkg, versions: "2" }'])),
  internal: mostly(false, fc.boolean()),
  pinned: fc.boolean(),
  waivers: fc.uniqueArray(waiver, {
    maxLength: 6,
    selector: ({ version, lifts, digest }) => `${version} ${lifts} ${digest}`,
  }),
});
type Rules = typeof rules extends fc.Arbitrary<infer R> ? R : never;

function levelsOf({ levels }: Rules): Requirements {
  const of = <K extends Key>(key: K): Requirements[K] => {
    const word = LEVELS[key][levels[key]];
    if (word === undefined) throw new Error(`no such level of ${key}`);
    return word;
  };
  return {
    age: of('age'),
    installScripts: of('installScripts'),
    sdist: of('sdist'),
    directUrls: of('directUrls'),
    startupHooks: of('startupHooks'),
    foreignPlaces: of('foreignPlaces'),
    registrySignature: of('registrySignature'),
    provenance: of('provenance'),
    malware: of('malware'),
    vulnerability: of('vulnerability'),
    licence: of('licence'),
    floor: of('floor'),
    changes: of('changes'),
  };
}

const read = new Map<string, Policy>();

/** What names and versions are said to be, as a policy that was read; each text once, because that takes milliseconds. */
function namesOf({ allow, deny, internal, pinned }: Rules): Policy {
  const text = [
    ...(allow === null ? [] : [`allow: [${allow}]`]),
    `deny: [${deny.join(', ')}]`,
    `internal: [${internal ? 'pkg' : ''}]`,
    `pins: [${pinned ? `{ npm: pkg@1.0.0, integrity: "${sriOf(A512)}" }` : ''}]`,
  ].join('\n');
  const policy = read.get(text) ?? policyOf(text);
  read.set(text, policy);
  return policy;
}

function waiversOf({ waivers }: Rules): EcosystemRules['waivers'] {
  const versions = new Map<string, Waiver[]>();
  for (const [i, { version, lifts, digest, days }] of waivers.entries()) {
    const said = { place: `w.yaml:${i}`, lifts, digests: new Set([digest]), single: true };
    const waiver = { ...said, reason: 'x', approver: 'y', expires: NOW + days * DAY };
    versions.set(version, [...(versions.get(version) ?? []), waiver]);
  }
  return new Map([['pkg' as PackageName, versions]]);
}

function policyFor(of: Rules): Policy {
  const base = namesOf(of);
  const profile = base.profiles.get('default');
  const rules = profile?.ecosystems.get('npm');
  if (!profile || !rules) throw new Error('no profile');
  const requirements = levelsOf(of);
  const allow = new PatternMap<AllowRule>();
  const rule = rules.allow.best('pkg');
  // The one pattern there is; the exact name matches what it does of the one name that is asked.
  if (rule) {
    const pattern = rule.by === 'exact' ? { text: 'pkg', prefix: false } : { text: 'p', prefix: true };
    allow.set(pattern, { ...rule.value, requirements, beyond: requirements });
  }
  const npm = { ...rules, requirements, allow, waivers: waiversOf(of) };
  const until = of.mode === 'observe' ? NOW + of.untilDays * DAY : null;
  const changed = { ...profile, mode: of.mode, until, ecosystems: new Map([['npm', npm]]) };
  return { ...base, profiles: new Map([['default', changed]]) };
}

const advisory: fc.Arbitrary<Advisory> = fc.record({
  id: fc.constantFrom('X-1', 'X-2'),
  kind: mostly<Advisory['kind']>('vulnerability', fc.constant('malware')),
  severity: fc.constantFrom(...SEVERITIES, null),
});
const facts: fc.Arbitrary<FileFacts> = fc
  .record({
    findings: mostly<readonly FindingCode[] | null>(
      [],
      fc.oneof(
        fc.constant(null),
        fc.array(fc.constantFrom(...(Object.keys(FINDINGS) as FindingCode[])), { maxLength: 2 }),
      ),
    ),
    licence: fc.constantFrom('MIT', 'ISC', 'NOASSERTION', null),
    first: mostly<FileFacts['first']>(
      null,
      fc.constantFrom({ sha256: A256, sha512: A512 }, { sha256: A256, sha512: B512 }),
    ),
  })
  .map(({ findings, licence, first }) => ({
    ...NO_FACTS,
    findings: findings === null ? null : findings.map((code): Finding => ({ code, place: 'x' })),
    licence,
    first,
  }));

const listing: fc.Arbitrary<ListingQuestion> = fc
  .record({
    version: fc.constantFrom('1.0.0', '2.0.0'),
    facts,
    age: mostly<number | null>(100, fc.option(fc.integer({ min: -1, max: 12 }), { nil: null })),
    installScripts: mostly(false, fc.boolean()),
    kind: mostly<'npm-tarball' | 'sdist'>('npm-tarball', fc.constant('sdist')),
    quarantined: mostly(false, fc.constant(true)),
    digests: mostly([A512], fc.constantFrom([A256], [A256, A512], [B512], [])),
    above: mostly<HigherAdmitted>(
      NO_HIGHER,
      fc.constantFrom({ line: null, any: '3.0.0' }, { line: '2.1.0', any: '3.0.0' }),
    ),
    stale: mostly<number | null>(5, fc.option(fc.integer({ min: -1, max: 9 }), { nil: null })),
    advisories: mostly<readonly Advisory[]>([], fc.array(advisory, { maxLength: 3 })),
  })
  .map(({ version, age, stale, installScripts, kind, digests, ...rest }) =>
    listingOf('pkg', version, {
      ...rest,
      feed: stale === null ? null : { digest: A256, at: NOW - DAY, staleAt: NOW + stale * DAY },
      file: { installScripts, kind, digests, claimedAt: age === null ? null : NOW - age * DAY },
    }),
  );

const EVIDENCE_RESULTS = ['verified', 'absent', 'failed', 'unchecked'] as const;
const evidence: fc.Arbitrary<readonly EvidenceVerdict[]> = fc
  .tuple(
    mostly('absent', fc.constantFrom(...EVIDENCE_RESULTS)),
    mostly('absent', fc.constantFrom('failed', 'unchecked')),
  )
  .map(([signature, provenance]) => [
    { check: 'registry-signature', result: signature, signers: [], documents: [] } as EvidenceVerdict,
    { check: 'provenance', result: provenance, signers: [], documents: [] } as EvidenceVerdict,
  ]);

type Asked = ListingQuestion | DownloadQuestion;
const asked: fc.Arbitrary<[Asked, Rules]> = fc
  .record({
    of: rules,
    listing,
    evidence,
    bytes: fc.boolean(),
    wrong: mostly<Verdict | null>(
      null,
      fc.record({
        check: fc.constantFrom(...VERIFIED.map(({ check }) => check)),
        result: fc.constantFrom('failed', 'absent', 'unchecked'),
        code: fc.constantFrom('METADATA_MISMATCH', 'ARCHIVE_UNSAFE', 'TOO_YOUNG', 'NOT_ALLOWLISTED'),
      }),
    ),
  })
  .map(({ of, listing, evidence, bytes, wrong }) => {
    if (!bytes) return [listing, of];
    const pinned = of.pinned && listing.file.version === '1.0.0';
    const honest = VERIFIED.map((verdict): Verdict => {
      if (verdict.check === 'pin' && pinned) return { check: 'pin', result: 'verified' };
      if (verdict.check === 'first-digest' && listing.facts.first)
        return { check: 'first-digest', result: 'verified' };
      const mismatch = listing.facts.findings?.some(({ code }) => code === 'METADATA_MISMATCH');
      return verdict.check === 'metadata' && mismatch
        ? { check: 'metadata', result: 'failed', code: 'METADATA_MISMATCH' }
        : verdict;
    });
    const verdicts =
      wrong === null ? honest : [...honest.filter(({ check }) => check !== wrong.check), wrong];
    return [downloadOf(listing, { verdicts, evidence }), of];
  });

const answer = (of: Rules, question: Asked) => decide(policyFor(of), 'default', question);
const allowed = (of: Rules, question: Asked) => answer(of, question).verdict === 'allow';
const RUNS = { numRuns: 500 };

describe('for all policies and questions', () => {
  test('there is something to be said of every one of them', () => {
    const seen = fc.sample(asked, { numRuns: 2000, seed: 7 }).map(([q, of]) => ({ q, of, a: answer(of, q) }));
    const count = (wanted: (one: (typeof seen)[number]) => boolean) => seen.filter(wanted).length;
    expect(count(({ a }) => a.verdict === 'allow')).toBeGreaterThan(60);
    expect(count(({ a, q }) => a.verdict === 'allow' && q.stage === 'download')).toBeGreaterThan(20);
    expect(count(({ a }) => a.verdict === 'allow' && a.observed.length > 0)).toBeGreaterThan(20);
    expect(count(({ a }) => a.verdict === 'allow' && a.waived.length > 0)).toBeGreaterThan(5);
    expect(count(({ a }) => a.until !== null)).toBeGreaterThan(60);
    const given = new Set(seen.flatMap(({ a }) => a.reasons.map(({ code }) => code)));
    expect(
      ['MALWARE', 'FEED_MISSING', 'VULNERABLE', 'LICENCE', 'BELOW_FLOOR', 'STARTUP_HOOK'].filter(
        (code) => ![...given].some((c) => c === code),
      ),
    ).toEqual([]);
  });

  test('one more deny, or one more internal name, never admits more', () => {
    fc.assert(
      fc.property(
        asked,
        fc.constantFrom('{ npm: pkg }', '{ npm: "p*", versions: "1" }', '{ npm: x }'),
        ([q, of], more) => {
          if (allowed(of, q)) return;
          expect(allowed({ ...of, deny: [...of.deny, more] }, q)).toBe(false);
          expect(allowed({ ...of, internal: true }, q)).toBe(false);
        },
      ),
      RUNS,
    );
  });

  test('a stricter word for one requirement never admits more', () => {
    fc.assert(
      fc.property(asked, fc.constantFrom(...KEYS), fc.nat({ max: 5 }), ([q, of], key, more) => {
        const stricter = Math.min(of.levels[key] + 1 + more, LEVELS[key].length - 1);
        // Another list of licences is not a stricter one.
        if (key === 'licence' && stricter === LEVELS.licence.length - 1) return;
        const tight = { ...of, levels: { ...of.levels, [key]: stricter } };
        if (!allowed(of, q)) expect(allowed(tight, q)).toBe(false);
      }),
      RUNS,
    );
  });

  test('a waiver less never admits more, and one that is wrong lifts nothing', () => {
    fc.assert(
      fc.property(asked, fc.nat({ max: 5 }), ([q, of], at) => {
        const fewer = { ...of, waivers: of.waivers.filter((_, i) => i !== at) };
        if (!allowed(of, q)) expect(allowed(fewer, q)).toBe(false);
        const { waived } = answer(of, q);
        for (const { code } of waived) {
          const own = of.waivers.filter(
            ({ version, lifts, digest, days }) =>
              version === q.file.version && LIFTED_BY[code]?.includes(lifts) && days > 0 && digest === A512,
          );
          // Of the bytes A, that B is declared for them lifts nothing.
          if (q.stage === 'download') expect(own.length).toBeGreaterThan(0);
          expect(ORDER.some(({ codes }) => codes.includes(code))).toBe(true);
        }
        if (waived.length > 0 && q.stage === 'listing') expect(q.file.digests).not.toEqual([A256]);
      }),
      RUNS,
    );
  });

  test('a stricter mode never admits more', () => {
    fc.assert(
      fc.property(asked, ([q, of]) => {
        const [observe, enforce, frozen] = (['observe', 'enforce', 'frozen'] as const).map((mode) =>
          allowed({ ...of, mode }, q),
        );
        if (!observe) expect(enforce).toBe(false);
        if (!enforce) expect(frozen).toBe(false);
      }),
      RUNS,
    );
  });

  test('observe serves what enforce does, and beside it only what lacks a rule or a requirement', () => {
    const passes = new Set(ORDER.flatMap(({ observed }) => observed));
    const firm = new Set(
      ORDER.filter(({ step }) => step !== 'admit' && step !== 'requirements').flatMap(({ step, codes }) =>
        step === 'internal' ? [] : codes,
      ),
    );
    fc.assert(
      fc.property(asked, ([q, of]) => {
        const learning = answer({ ...of, mode: 'observe', untilDays: 20 }, q);
        const enforced = answer({ ...of, mode: 'enforce' }, q);
        expect(learning.verdict === 'allow' && learning.observed.length === 0).toBe(
          enforced.verdict === 'allow',
        );
        if (learning.verdict !== 'allow') return;
        expect(of.internal).toBe(false);
        expect(learning.observed.filter(({ code }) => firm.has(code))).toEqual([]);
        for (const { code } of enforced.reasons) expect(passes.has(code)).toBe(true);
        // What was let pass is what a rule for the name would be refused for, and that there is none.
        const admitted = answer({ ...of, mode: 'enforce', allow: of.allow ?? '{ npm: pkg }' }, q);
        for (const { code } of admitted.reasons) {
          expect(learning.observed.some((reason) => reason.code === code)).toBe(true);
        }
      }),
      RUNS,
    );
  });

  test('no answer changes before the instant that it names', () => {
    const said = ({ verdict, reasons, observed, waived, warnings }: ReturnType<typeof answer>) => ({
      verdict,
      reasons,
      observed,
      waived,
      warnings,
    });
    fc.assert(
      fc.property(asked, fc.nat({ max: 30 * 24 }), ([q, of], hours) => {
        const now = answer(of, q);
        const later = q.now + hours * 3_600_000;
        const before = now.until === null ? later : Math.min(later, now.until - 1);
        expect(said(answer(of, { ...q, now: before }))).toEqual(said(now));
        if (now.until !== null) expect(now.until).toBeGreaterThan(q.now);
      }),
      RUNS,
    );
  });

  test('what is eligible at an instant is admitted then, were the feed still young', () => {
    fc.assert(
      fc.property(asked, ([q, of]) => {
        const { eligibleAt, observed } = answer(of, q);
        if (eligibleAt === null) return;
        const feed = q.feed && { ...q.feed, staleAt: eligibleAt + DAY };
        expect(answer(of, { ...q, feed, now: eligibleAt })).toMatchObject({ verdict: 'allow', observed: [] });
        expect(observed.length).toBeLessThan(2);
      }),
      RUNS,
    );
  });
});
