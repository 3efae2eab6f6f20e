import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type Digest, sriOf } from '../../src/model/digest.ts';
import { NO_FACTS } from '../../src/model/facts.ts';
import { FINDINGS, type Finding, type FindingCode } from '../../src/model/finding.ts';
import type { CheckName, Verdict } from '../../src/model/verdict.ts';
import { decide } from '../../src/policy/decide.ts';
import { parsePolicy } from '../../src/policy/load.ts';
import type { DownloadQuestion, ListingQuestion, Policy } from '../../src/policy/policy.ts';
import { A256, A512, B256, B512, downloadOf, listingOf, NOW, VERIFIED } from './questions.ts';
import { SCHEMES } from './schemes.ts';

// Few letters, so that names, prefixes, versions and digests often meet; mostly sane, so that much is admitted.
const mostly = <T>(usual: T, other: fc.Arbitrary<T>) =>
  fc.oneof({ weight: 12, arbitrary: fc.constant(usual) }, { weight: 1, arbitrary: other });
const name = fc.stringMatching(/^[ab]{1,2}$/);
const pattern = fc.oneof(
  name,
  name.map((n) => `${n}*`),
  fc.constant('*'),
);
const version = fc.constantFrom('1.0.0', '1.1.0', '2.0.0-rc.1', '2.0.0');
const range = fc.option(fc.constantFrom('1', '>=1.1', '^2', '1.0.0', '*'), { nil: undefined });
const FINDING_CODES = Object.keys(FINDINGS) as FindingCode[];
const digest = fc.constantFrom(A256, A512, B256, B512);
const permission = fc.constantFrom('allow', 'deny');

const allow = fc.record({
  npm: pattern,
  versions: mostly<string | undefined>(undefined, range),
  scripts: permission,
});
const deny = fc.record({ npm: pattern, versions: range });
const pin = fc.record({ npm: name, version, digest: mostly<Digest>(A512, fc.constant(B512)) });
const rules = fc.record({
  mode: fc.constantFrom('enforce', 'frozen'),
  age: fc.constantFrom('0', '7d'),
  allow: fc.uniqueArray(allow, { minLength: 1, maxLength: 6, selector: (rule) => rule.npm }),
  deny: mostly<{ npm: string; versions: string | undefined }[]>([], fc.array(deny, { maxLength: 2 })),
  pins: fc.uniqueArray(pin, { maxLength: 6, selector: (p) => `${p.npm}@${p.version}` }),
});
type Rules = typeof rules extends fc.Arbitrary<infer R> ? R : never;

/** A rule as a line of YAML flow, which JSON is. */
function lines(of: Rules): { key: string; entry: object }[] {
  return [
    ...of.allow.map(({ npm, versions, scripts }) => ({
      key: 'allow',
      entry: {
        npm,
        versions,
        ...(npm === '*' ? { wide: true } : {}),
        requirements: { 'install-scripts': scripts },
      },
    })),
    ...of.deny.map((entry) => ({ key: 'deny', entry })),
    ...of.pins.map((p) => ({
      key: 'pins',
      entry: { npm: `${p.npm}@${p.version}`, integrity: sriOf(p.digest) },
    })),
  ];
}

/** One file per entry, in the order given. */
function policyOf(
  of: Rules,
  order: (entries: ReturnType<typeof lines>) => ReturnType<typeof lines> = (x) => x,
): Policy {
  const files = order(lines(of)).map(({ key, entry }) => `${key}: [${JSON.stringify(entry)}]`);
  files.push(`mode: ${of.mode}`, `requirements: { npm: { age: ${of.age} } }`);
  return parsePolicy(
    files.map((text, i) => ({ path: `${i}.yaml`, text: `profile: default\n${text}\n` })),
    SCHEMES,
  );
}

const listing: fc.Arbitrary<ListingQuestion> = fc
  .record({
    name,
    version,
    digests: mostly([A512], fc.uniqueArray(digest, { maxLength: 2 })),
    age: mostly<number | null>(20, fc.option(fc.integer({ min: -10, max: 20 }), { nil: null })),
    installScripts: mostly(false, fc.boolean()),
    directUrls: mostly(false, fc.boolean()),
    kind: mostly<'npm-tarball' | 'sdist'>('npm-tarball', fc.constant('sdist')),
    quarantined: mostly(false, fc.boolean()),
    first: fc.option(
      fc.record({ sha256: fc.constantFrom(A256, B256), sha512: fc.constantFrom(A512, B512) }),
      { nil: null },
    ),
    findings: mostly<readonly Finding[] | null>(
      [],
      fc.option(
        fc.array(fc.record({ code: fc.constantFrom(...FINDING_CODES), place: fc.constant('x') }), {
          maxLength: 2,
        }),
        { nil: null },
      ),
    ),
  })
  .map(({ name, version, digests, age, quarantined, first, findings, ...file }) =>
    listingOf(name, version, {
      quarantined,
      facts: { ...NO_FACTS, first, findings },
      file: { ...file, digests, claimedAt: age === null ? null : NOW - age * 86_400_000 },
    }),
  );

type Bytes = Pick<DownloadQuestion, 'sha256' | 'sha512' | 'verdicts' | 'facts'>;

/** Honest bytes and verdicts for a listing, sometimes disturbed. */
const download: fc.Arbitrary<[DownloadQuestion, Rules]> = fc
  .record({
    of: rules,
    listing,
    sha256: mostly(A256, fc.constant(B256)),
    sha512: mostly(A512, fc.constant(B512)),
    lost: mostly(false, fc.boolean()),
    changed: mostly<readonly Verdict[]>(
      [],
      fc.array(
        fc.record({
          check: fc.constantFrom(...VERIFIED.map(({ check }) => check)),
          result: fc.constantFrom('verified', 'failed', 'absent', 'unchecked'),
        }),
        { maxLength: 2 },
      ),
    ),
  })
  .map(({ of, listing, sha256, sha512, lost, changed }) => {
    const pinned = of.pins.some((p) => p.npm === listing.name && p.version === listing.file.version);
    const verdict = (check: CheckName, due: boolean): Verdict => ({
      check,
      result: due ? 'verified' : 'absent',
    });
    const honest = [
      verdict('declared-digest', listing.file.digests.length > 0),
      verdict('pin', pinned),
      verdict('first-digest', listing.facts.first !== null),
      verdict('size', false),
      verdict('archive', true),
      verdict('metadata', true),
    ];
    const bytes: Bytes = {
      sha256,
      sha512,
      verdicts: [...honest.filter(({ check }) => !changed.some((c) => c.check === check)), ...changed],
      facts: { ...listing.facts, findings: lost ? null : (listing.facts.findings ?? []) },
    };
    return [downloadOf(listing, bytes), of];
  });

const asked: fc.Arbitrary<[ListingQuestion | DownloadQuestion, Rules]> = fc.oneof(
  fc.tuple(listing, rules),
  download,
);
const allowed = (policy: Policy, q: ListingQuestion | DownloadQuestion) =>
  decide(policy, 'default', q).verdict === 'allow';

describe('for all policies and questions', () => {
  test('exactly one rule wins, whatever the order of files and rules', () => {
    fc.assert(
      fc.property(asked, ([q, of]) => {
        const there = decide(policyOf(of), 'default', q);
        const back = decide(
          policyOf(of, (entries) => entries.toReversed()),
          'default',
          q,
        );
        expect(back.verdict).toBe(there.verdict);
        expect(back.by).toBe(there.by);
        expect(back.reasons.map((r) => r.code)).toEqual(there.reasons.map((r) => r.code));
        const matching = of.allow.filter(
          ({ npm }) => npm === q.name || (npm.endsWith('*') && q.name.startsWith(npm.slice(0, -1))),
        );
        const longest =
          matching.sort((a, b) => b.npm.length - a.npm.length).find(({ npm }) => npm === q.name) ??
          matching[0];
        if (there.by === 'exact' || there.by === 'prefix') {
          expect(there.place).toBe(`${of.allow.findIndex(({ npm }) => npm === longest?.npm)}.yaml:2`);
        }
      }),
    );
  });

  test('much is allowed, so the properties below are not about nothing', () => {
    const seen = fc.sample(asked, { numRuns: 500, seed: 1 }).filter(([q, of]) => allowed(policyOf(of), q));
    expect(seen.filter(([q]) => q.stage === 'download').length).toBeGreaterThan(15);
    expect(seen.filter(([q, of]) => of.mode === 'frozen' && q.stage === 'download').length).toBeGreaterThan(
      2,
    );
    expect(seen.filter(([q]) => q.facts.first !== null).length).toBeGreaterThan(2);
  });

  test('frozen never admits an unpinned artifact', () => {
    fc.assert(
      fc.property(asked, ([q, of]) => {
        const frozen = { ...of, mode: 'frozen' as const };
        if (!allowed(policyOf(frozen), q)) return;
        const own = of.pins.find((p) => p.npm === q.name && p.version === q.file.version);
        expect(own).toBeDefined();
        if (q.stage === 'download') expect(q.sha512).toBe(own?.digest);
      }),
    );
  });

  test('a deny that reaches a version beats every rule and pin', () => {
    fc.assert(
      fc.property(asked, fc.boolean(), ([q, of], whole) => {
        const denying = {
          ...of,
          deny: [...of.deny, { npm: q.name, versions: whole ? undefined : q.file.version }],
        };
        const decision = decide(policyOf(denying), 'default', q);
        expect(decision.verdict).toBe('refuse');
        expect(decision.reasons.map((r) => r.code).some((code) => code === 'DENIED')).toBe(true);
      }),
    );
  });

  test('one more deny never admits more', () => {
    fc.assert(
      fc.property(asked, deny, ([q, of], more) => {
        if (!allowed(policyOf(of), q))
          expect(allowed(policyOf({ ...of, deny: [...of.deny, more] }), q)).toBe(false);
      }),
    );
  });

  test('no integrity finding, contradiction of digests or failed check is ever admitted', () => {
    fc.assert(
      fc.property(asked, ([q, of]) => {
        if (!allowed(policyOf(of), q)) return;
        expect(q.quarantined).toBe(false);
        expect(
          q.facts.findings?.some(({ code }) => code === 'ARCHIVE_UNSAFE' || code === 'METADATA_MISMATCH'),
        ).not.toBe(true);
        if (q.stage !== 'download') return;
        expect(q.facts.findings).not.toBeNull();
        if (q.facts.first) expect(q.facts.first).toEqual({ sha256: q.sha256, sha512: q.sha512 });
        for (const declared of q.file.digests) expect([q.sha256, q.sha512]).toContain(declared);
        expect(q.verdicts.every(({ result }) => result === 'verified' || result === 'absent')).toBe(true);
      }),
    );
  });

  test('taking verdicts away never turns a refusal into an admission, nor does failing one', () => {
    fc.assert(
      fc.property(download, fc.nat({ max: 7 }), ([q, of], at) => {
        const policy = policyOf(of);
        const fewer = { ...q, verdicts: q.verdicts.filter((_, i) => i !== at) };
        if (!allowed(policy, q)) expect(allowed(policy, fewer)).toBe(false);
        else if (at < q.verdicts.length) expect(allowed(policy, fewer)).toBe(false);
        const failed = q.verdicts.map((v, i) => (i === at ? { ...v, result: 'failed' as const } : v));
        if (at < failed.length) expect(allowed(policy, { ...q, verdicts: failed })).toBe(false);
      }),
    );
  });

  test('what a download admits, its listing admits; and time only ever ripens', () => {
    fc.assert(
      fc.property(download, fc.nat({ max: 30 }), ([q, of], days) => {
        const policy = policyOf(of);
        if (!allowed(policy, q)) return;
        const { sha256, sha512, verdicts, ...rest } = q;
        expect(allowed(policy, { ...rest, stage: 'listing' })).toBe(true);
        expect(allowed(policy, { ...q, now: q.now + days * 86_400_000 })).toBe(true);
      }),
    );
  });
});
