import { describe, expect, test } from 'vitest';
import { type Digest, sriOf } from '../../src/model/digest.ts';
import { type FileFacts, NO_FACTS } from '../../src/model/facts.ts';
import type { Finding } from '../../src/model/finding.ts';
import { decide } from '../../src/policy/decide.ts';
import { parsePolicy } from '../../src/policy/load.ts';
import { admittedNames } from '../../src/policy/names.ts';
import { comparePin, keptDigests, pinnedDigests } from '../../src/policy/pins.ts';
import { A256, A512, B256, B512, codes, DAY, listingOf, NOW, nameOf, policyOf } from './questions.ts';
import { SCHEMES } from './schemes.ts';

const ALLOW = policyOf('allow: [{ npm: pkg }]');
const facts = (change: Partial<FileFacts>): FileFacts => ({ ...NO_FACTS, ...change });

describe('default deny', () => {
  test.each(['other', '__proto__', 'constructor', 'toString', 'PKG', 'pkgs', 'pk', ''])(
    '%j is not listed',
    (name) => {
      expect(codes(ALLOW, nameOf(name))).toEqual(['NOT_ALLOWLISTED']);
      expect(codes(ALLOW, listingOf(name, '1.0.0'))).toEqual(['NOT_ALLOWLISTED']);
    },
  );

  test('an unknown profile or ecosystem refuses everything', () => {
    for (const profile of ['', 'Default', '__proto__', 'other']) {
      expect(decide(ALLOW, profile, nameOf('pkg'))).toMatchObject({
        verdict: 'refuse',
        reasons: [{ code: 'NOT_ALLOWLISTED', place: null }],
      });
    }
    expect(codes(ALLOW, nameOf('pkg', 'pypi'))).toEqual(['NOT_ALLOWLISTED']);
    expect(codes(ALLOW, nameOf('pkg', 'cargo'))).toEqual(['NOT_ALLOWLISTED']);
    expect(codes(ALLOW, nameOf('pkg', 'constructor'))).toEqual(['NOT_ALLOWLISTED']);
  });

  test('an internal name is answered as an unlisted one, to the last field', () => {
    const policy = policyOf('allow: [{ npm: acme-x }, { npm: "@acme/*" }]\ninternal: [acme-*, "@acme/*"]');
    const unlisted = decide(policy, 'default', nameOf('zzz'));
    expect(decide(policy, 'default', nameOf('acme-x'))).toEqual(unlisted);
    expect(decide(policy, 'default', nameOf('@acme/y'))).toEqual(unlisted);
    expect(decide(policy, 'default', nameOf('acme-x', 'pypi'))).toEqual(unlisted);
    expect(decide(policy, 'default', listingOf('acme-x', '1.0.0'))).toEqual(unlisted);
  });

  test('a profile has its own rules only', () => {
    const policy = parsePolicy(
      [
        { path: 'a.yaml', text: 'profile: a\nallow: [{ npm: x }]\n' },
        { path: 'b.yaml', text: 'profile: b\nallow: [{ npm: y }]\ndeny: [{ npm: x }]\n' },
      ],
      SCHEMES,
    );
    expect(decide(policy, 'a', nameOf('x')).verdict).toBe('allow');
    expect(decide(policy, 'a', nameOf('y')).verdict).toBe('refuse');
    expect(decide(policy, 'b', nameOf('y')).verdict).toBe('allow');
  });
});

describe('the most specific rule wins', () => {
  const policy = policyOf(`
allow:
  - { npm: "*", wide: true }
  - { npm: "lib*", versions: ">=1" }
  - { npm: "lib-core*", versions: ">=2" }
  - { npm: lib-core-x, versions: ">=3" }
  - { pypi: "Zope.*" }
`);
  test.each([
    ['zzz', '0.1.0', 'p.yaml:3', 'prefix'],
    ['lib', '1.0.0', 'p.yaml:4', 'prefix'],
    ['lib-a', '1.0.0', 'p.yaml:4', 'prefix'],
    ['lib-core', '2.0.0', 'p.yaml:5', 'prefix'],
    ['lib-core-x', '3.0.0', 'p.yaml:6', 'exact'],
    ['lib-core-xy', '2.0.0', 'p.yaml:5', 'prefix'],
  ])('%s@%s by %s', (name, version, place, by) => {
    expect(decide(policy, 'default', listingOf(name, version))).toMatchObject({
      verdict: 'allow',
      place,
      by,
    });
    expect(decide(policy, 'default', nameOf(name))).toMatchObject({ verdict: 'allow', place, by });
  });
  test.each([
    ['lib-a', '0.9.0', 'p.yaml:4'],
    ['lib-core', '1.0.0', 'p.yaml:5'],
    ['lib-core-x', '2.0.0', 'p.yaml:6'],
    ['lib-core-x', '3.0.0-rc.1', 'p.yaml:6'],
  ])('%s@%s is not admitted by a wider rule', (name, version, place) => {
    expect(decide(policy, 'default', listingOf(name, version)).reasons).toEqual([
      { code: 'VERSION_NOT_ALLOWED', place },
    ]);
  });
  test('a PyPI prefix is canonical', () => {
    expect(codes(policy, nameOf('zope-interface', 'pypi'))).toEqual([]);
    expect(codes(policy, nameOf('zope', 'pypi'))).toEqual(['NOT_ALLOWLISTED']);
  });
});

describe('deny', () => {
  const policy = policyOf(`
allow: [{ npm: a }, { npm: "b-*" }, { pypi: c }]
deny:
  - { npm: a, versions: "<2" }
  - { npm: a, versions: "3.1.0" }
  - { npm: "b-x*", reason: gone bad }
  - { npm: b-xy, versions: "1.0.0" }
  - { pypi: c, versions: "<2" }
`);
  test.each([
    ['a', '1.9.9', ['p.yaml:4']],
    ['a', '1.9.0-rc.1', ['p.yaml:4']],
    ['a', '3.1.0', ['p.yaml:5']],
    ['b-x', '1.0.0', ['p.yaml:6']],
    ['b-xy', '2.0.0', ['p.yaml:6']],
    ['b-xy', '1.0.0', ['p.yaml:7', 'p.yaml:6']],
  ])('%s@%s, and every entry that reaches it is named', (name, version, places) => {
    expect(decide(policy, 'default', listingOf(name, version)).reasons).toEqual(
      places.map((place) => ({ code: 'DENIED', place })),
    );
  });
  test.each(['2.0.0', '3.0.0', '3.1.1'])('a@%s is none of theirs', (version) => {
    expect(codes(policy, listingOf('a', version))).toEqual([]);
  });
  test('reaches prereleases that the ecosystem would leave out of a range', () => {
    expect(codes(policy, listingOf('c', '1.5rc1', { ecosystem: 'pypi' }))).toEqual(['DENIED']);
    expect(codes(policy, listingOf('c', '1.5.dev1', { ecosystem: 'pypi' }))).toEqual(['DENIED']);
  });
  test('beats a pin', () => {
    const pinned = policyOf(`pins: [{ npm: a@1.0.0, integrity: "${sriOf(A512)}" }]\ndeny: [{ npm: a }]`);
    expect(codes(pinned, nameOf('a'))).toEqual(['DENIED']);
    expect(codes(pinned, listingOf('a', '1.0.0'))).toEqual(['DENIED']);
  });
});

describe('integrity', () => {
  test('no declared digest and no pin', () => {
    expect(codes(ALLOW, listingOf('pkg', '1.0.0', { file: { digests: [] } }))).toEqual(['NO_DIGEST']);
  });

  test.each([
    ['ARCHIVE_UNSAFE', 'ARCHIVE_UNSAFE'],
    ['METADATA_MISMATCH', 'METADATA_MISMATCH'],
    ['FROM_A_LATER_VERSION', 'ARCHIVE_UNSAFE'],
    ['__proto__', 'ARCHIVE_UNSAFE'],
    ['toString', 'ARCHIVE_UNSAFE'],
  ])('a remembered finding %s refuses, pinned or not, whatever is allowed', (finding, code) => {
    const findings = [{ code: finding, place: 'x' }] as unknown as Finding[];
    const lax = 'requirements: { install-scripts: allow, direct-urls: allow, sdist: allow }';
    for (const text of [
      `allow: [{ npm: pkg, ${lax} }]`,
      `pins: [{ npm: pkg@1.0.0, integrity: "${sriOf(A512)}" }]`,
    ]) {
      expect(codes(policyOf(text), listingOf('pkg', '1.0.0', { facts: facts({ findings }) }))).toEqual([
        code,
      ]);
    }
  });

  test('the first admitted digest stays', () => {
    const first = { sha256: A256, sha512: A512 };
    const ask = (digests: (typeof A256)[]) =>
      codes(ALLOW, listingOf('pkg', '1.0.0', { facts: facts({ first }), file: { digests } }));
    expect(ask([A512])).toEqual([]);
    expect(ask([A256])).toEqual([]);
    expect(ask([B512])).toEqual(['DIGEST_CHANGED']);
    expect(ask([B256])).toEqual(['DIGEST_CHANGED']);
    expect(ask([A512, B256])).toEqual(['DIGEST_CHANGED']);
  });
});

describe('pins', () => {
  const policy = policyOf(`
requirements: { npm: { age: 7d }, pypi: { age: 7d, sdist: deny } }
allow: [{ npm: both, versions: ">=2", requirements: { install-scripts: allow } }, { pypi: p }]
pins:
  - { npm: pkg@1.0.0, integrity: "${sriOf(A512)}" }
  - { npm: both@1.0.0, integrity: "${sriOf(A512)}" }
  - { npm: both@2.0.0, integrity: "${sriOf(A512)}" }
  - { pypi: p==1.0, hashes: ["${A256}", "${B256}"] }
`);
  const young = { claimedAt: NOW };

  test('a pin admits an unlisted name, and stands for age', () => {
    expect(decide(policy, 'default', nameOf('pkg'))).toMatchObject({
      verdict: 'allow',
      by: 'pin',
      place: 'p.yaml:5',
    });
    expect(decide(policy, 'default', listingOf('pkg', '1.0.0', { file: young }))).toMatchObject({
      verdict: 'allow',
      by: 'pin',
    });
    expect(decide(policy, 'default', listingOf('both', '1.0.0', { file: young }))).toMatchObject({
      verdict: 'allow',
      by: 'pin',
    });
  });

  test('exactly its artifact', () => {
    expect(
      decide(policy, 'default', listingOf('pkg', '1.0.0', { file: { digests: [B512] } })).reasons,
    ).toEqual([{ code: 'PIN_MISMATCH', place: 'p.yaml:5' }]);
    expect(codes(policy, listingOf('pkg', '1.0.1'))).toEqual(['VERSION_NOT_ALLOWED']);
    expect(codes(policy, listingOf('both', '2.0.0', { file: { digests: [B512] } }))).toEqual([
      'PIN_MISMATCH',
    ]);
    const wheel = (digest: typeof A256) =>
      listingOf('p', '1.0', { ecosystem: 'pypi', file: { kind: 'wheel', digests: [digest], ...young } });
    expect(codes(policy, wheel(A256))).toEqual([]);
    expect(codes(policy, wheel(B256))).toEqual([]);
    expect(codes(policy, wheel(`sha256:${'c'.repeat(64)}`))).toContain('PIN_MISMATCH');
  });

  test('without a declared digest the pin is one', () => {
    expect(codes(policy, listingOf('pkg', '1.0.0', { file: { digests: [] } }))).toEqual([]);
    expect(codes(policy, listingOf('both', '3.0.0', { file: { digests: [] } }))).toEqual(['NO_DIGEST']);
  });

  test('stands for nothing else: a rule that admits the version still speaks of its requirements', () => {
    const scripts = { installScripts: true };
    expect(codes(policy, listingOf('pkg', '1.0.0', { file: scripts }))).toEqual(['INSTALL_SCRIPTS']);
    expect(codes(policy, listingOf('both', '2.0.0', { file: scripts }))).toEqual([]);
    expect(codes(policy, listingOf('both', '1.0.0', { file: scripts }))).toEqual(['INSTALL_SCRIPTS']);
    const sdist = listingOf('p', '1.0', { ecosystem: 'pypi', file: { kind: 'sdist', digests: [A256] } });
    expect(codes(policy, sdist)).toEqual(['SDIST']);
  });

  test('are what the vault keeps and the download is compared with', () => {
    expect([...keptDigests(policy)].sort()).toEqual([A256, B256, A512].sort());
    expect(pinnedDigests(policy, 'default', 'npm', nameOf('pkg').name, '1.0.0')).toEqual([A512]);
    expect(pinnedDigests(policy, 'default', 'npm', nameOf('pkg').name, '1.0.1')).toBeNull();
    expect(pinnedDigests(policy, 'other', 'npm', nameOf('pkg').name, '1.0.0')).toBeNull();
  });

  test('of one file are compared by all that can be, of several files by any', () => {
    const one = (...digests: Digest[]) => ({
      place: 'p',
      keepsAge: false,
      single: true,
      digests: new Set(digests),
    });
    const several = (...digests: Digest[]) => ({
      place: 'p',
      keepsAge: false,
      single: false,
      digests: new Set(digests),
    });
    expect(comparePin(one(A256, A512), [A256, A512])).toBe('match');
    expect(comparePin(one(A512), [A256, A512])).toBe('match');
    expect(comparePin(one(A256, A512), [B256, A512])).toBe('mismatch');
    expect(comparePin(one(A512), [A256])).toBe('unknown');
    expect(comparePin(one(A512), [])).toBe('unknown');
    // One lockfile knows the first file by sha256, another the second one by sha512.
    expect(comparePin(several(A256, B512), [A256, A512])).toBe('match');
    expect(comparePin(several(A256, B512), [B256, B512])).toBe('match');
    expect(comparePin(several(A256, B256), [`sha256:${'c'.repeat(64)}`])).toBe('mismatch');
  });

  test('by name, an exact rule or a pin counts as reviewed, a prefix alone does not', () => {
    const prefix = policyOf(
      `allow: [{ npm: "p*" }]\npins: [{ npm: pkg@1.0.0, integrity: "${sriOf(A512)}" }]`,
    );
    expect(decide(prefix, 'default', nameOf('pkg')).by).toBe('pin');
    expect(decide(prefix, 'default', nameOf('pk')).by).toBe('prefix');
    expect(decide(policy, 'default', nameOf('both')).by).toBe('exact');
    expect(decide(prefix, 'default', listingOf('pkg', '2.0.0')).by).toBe('prefix');
  });
});

describe('frozen', () => {
  const policy = policyOf(`
mode: frozen
allow: [{ npm: pkg }, { npm: only-allowed }, { npm: "@t/*" }]
pins: [{ npm: pkg@1.0.0, integrity: "${sriOf(A512)}" }]
`);
  test('admits pins and nothing else', () => {
    expect(codes(policy, nameOf('pkg'))).toEqual([]);
    expect(decide(policy, 'default', nameOf('pkg')).by).toBe('pin');
    expect(codes(policy, listingOf('pkg', '1.0.0'))).toEqual([]);
    expect(codes(policy, listingOf('pkg', '1.0.1'))).toEqual(['NOT_PINNED']);
    expect(codes(policy, listingOf('pkg', '1.0.0', { file: { digests: [B512] } }))).toEqual(['PIN_MISMATCH']);
    expect(codes(policy, nameOf('only-allowed'))).toEqual(['NOT_PINNED']);
    expect(codes(policy, listingOf('only-allowed', '1.0.0'))).toEqual(['NOT_PINNED']);
    expect(codes(policy, nameOf('other'))).toEqual(['NOT_ALLOWLISTED']);
    expect(admittedNames(policy, 'default', 'npm', NOW)).toEqual({ exact: ['pkg'], prefixes: [] });
  });
});

describe('age', () => {
  const policy = policyOf(
    'requirements: { npm: { age: 7d } }\nallow: [{ npm: pkg }, { npm: now, requirements: { age: 0 } }]',
  );
  const ask = (claimedAt: number | null, known: Partial<FileFacts> = {}, name = 'pkg') =>
    decide(policy, 'default', listingOf(name, '1.0.0', { facts: facts(known), file: { claimedAt } }));

  test.each([
    ['just too young', NOW - 7 * DAY + 1, {}, NOW + 1],
    ['in the future', NOW + DAY, {}, NOW + 8 * DAY],
    ['a later time was claimed before', NOW - 100 * DAY, { claimedAt: NOW - DAY }, NOW + 6 * DAY],
    ['the index now claims a later time', NOW - DAY, { claimedAt: NOW - 100 * DAY }, NOW + 6 * DAY],
    ['the index was seen without it yesterday', NOW - 100 * DAY, { lastAbsent: NOW - DAY }, NOW + 6 * DAY],
    ['the index no longer claims a time', null, { claimedAt: NOW - DAY }, NOW + 6 * DAY],
  ])('%s: too young until then', (_, claimedAt, known, eligibleAt) => {
    const decision = ask(claimedAt, known);
    expect(decision).toMatchObject({
      verdict: 'refuse',
      reasons: [{ code: 'TOO_YOUNG' }],
      eligibleAt,
      until: eligibleAt,
    });
    const at = (now: number) =>
      decide(policy, 'default', listingOf('pkg', '1.0.0', { now, facts: facts(known), file: { claimedAt } }));
    expect(at(eligibleAt - 1).verdict).toBe('refuse');
    expect(at(eligibleAt)).toMatchObject({ verdict: 'allow', until: null, eligibleAt: null });
  });

  test.each([
    ['no time was ever claimed', null, {}],
    ['only our own sightings are known', null, { firstSeen: NOW - 100 * DAY, lastAbsent: NOW - 101 * DAY }],
    ['the time is no number', Number.NaN, {}],
    ['the time is beyond all time', Number.POSITIVE_INFINITY, {}],
    ['a remembered time is no number', NOW - 100 * DAY, { claimedAt: Number.NaN }],
  ])('%s: too young, and nobody knows until when', (_, claimedAt, known) => {
    expect(ask(claimedAt, known)).toMatchObject({
      reasons: [{ code: 'TOO_YOUNG' }],
      eligibleAt: null,
      until: null,
    });
  });

  test('0 asks for none, not even for a time', () => {
    expect(ask(null, {}, 'now').verdict).toBe('allow');
  });

  test('beside other reasons: the answer changes then, but nothing becomes eligible', () => {
    const decision = decide(
      policy,
      'default',
      listingOf('pkg', '1.0.0', { file: { claimedAt: NOW, installScripts: true } }),
    );
    expect(decision).toMatchObject({ verdict: 'refuse', eligibleAt: null, until: NOW + 7 * DAY });
  });
});

describe('requirements', () => {
  const finding = (code: Finding['code']) => ({
    facts: facts({ findings: [{ code, place: 'package/package.json' }] }),
  });
  const asked: [string, string, Parameters<typeof listingOf>[2]][] = [
    ['install-scripts', 'INSTALL_SCRIPTS', { file: { installScripts: true } }],
    ['install-scripts', 'INSTALL_SCRIPTS', finding('INSTALL_SCRIPT')],
    ['install-scripts', 'INSTALL_SCRIPTS', finding('NATIVE_BUILD')],
    ['direct-urls', 'DIRECT_URL', { file: { directUrls: true } }],
    ['direct-urls', 'DIRECT_URL', finding('DIRECT_URL')],
    ['direct-urls', 'ALIAS_NOT_ADMITTED', { file: { aliases: [nameOf('hidden').name] } }],
    ['sdist', 'SDIST', { file: { kind: 'sdist' } }],
  ];
  test.each(asked)(
    '%s gives %s, also where the policy is silent; the rule overrides the profile',
    (key, code, change) => {
      const question = listingOf('pkg', '1.0.0', change);
      const allowing = `requirements: { ${key}: allow }`;
      expect(codes(ALLOW, question)).toEqual([code]);
      expect(
        codes(policyOf(`requirements: { npm: { ${key}: deny } }\nallow: [{ npm: pkg }]`), question),
      ).toEqual([code]);
      expect(
        codes(policyOf(`requirements: { npm: { ${key}: allow } }\nallow: [{ npm: pkg }]`), question),
      ).toEqual([]);
      expect(codes(policyOf(`allow: [{ npm: pkg, ${allowing} }]`), question)).toEqual([]);
      expect(codes(policyOf(`allow: [{ npm: pkg }, { npm: other, ${allowing} }]`), question)).toEqual([code]);
      expect(
        codes(
          policyOf(
            `requirements: { npm: { ${key}: allow } }\nallow: [{ npm: pkg, requirements: { ${key}: deny } }]`,
          ),
          question,
        ),
      ).toEqual([code]);
      expect(
        codes(policyOf(`requirements: { pypi: { ${key}: allow } }\nallow: [{ npm: pkg }]`), question),
      ).toEqual([code]);
    },
  );
});

test('an alias passes only where its real name is admitted by name, whatever rule or pin admits it', () => {
  const question = listingOf('pkg', '1.0.0', {
    file: { aliases: [nameOf('real').name, nameOf('@s/real').name] },
  });
  const asked = (rest: string, allow = '') =>
    codes(policyOf(`allow: [{ npm: pkg }${allow}]\n${rest}`), question);
  expect(asked('', ', { npm: real }, { npm: "@s/*" }')).toEqual([]);
  const pin = `pins: [{ npm: real@9.0.0, integrity: "${sriOf(A512)}" }]\n`;
  expect(asked(pin, ', { npm: "@s/real" }')).toEqual([]);
  for (const [rest, allow] of [
    ['', ', { npm: real }'],
    ['deny: [{ npm: real }]\n', ', { npm: real }, { npm: "@s/*" }'],
    ['internal: [real]\n', ', { npm: "@s/*" }'],
    [pin, ''],
  ] as const)
    expect([rest, allow, asked(rest, allow)]).toEqual([rest, allow, ['ALIAS_NOT_ADMITTED']]);
  const policy = policyOf('allow: [{ npm: pkg }, { npm: real }]');
  expect(decide(policy, 'default', question).reasons).toMatchObject([{ about: ['@s/real'] }]);
});

test('admitted names: those that the name question admits', () => {
  const policy = policyOf(`
allow: [{ npm: b }, { npm: a }, { npm: "@t/*" }, { npm: "@t/deep*" }, { npm: gone }, { npm: ours }, { pypi: q }]
deny: [{ npm: gone }]
internal: [ours]
pins: [{ npm: pinned@1.0.0, integrity: "${sriOf(A512)}" }]
`);
  expect(admittedNames(policy, 'default', 'npm', NOW)).toEqual({
    exact: ['a', 'b', 'pinned'],
    prefixes: ['@t/deep', '@t/'],
  });
  expect(admittedNames(policy, 'default', 'pypi', NOW)).toEqual({ exact: ['q'], prefixes: [] });
  expect(admittedNames(policy, 'other', 'npm', NOW)).toEqual({ exact: [], prefixes: [] });
});
