import { expect, test } from 'vitest';
import { sriOf } from '../../src/model/digest.ts';
import { caseJsonSchema } from '../../src/policy/cases/case-schema.ts';
import { runCases } from '../../src/policy/cases/cases.ts';
import { PolicyError } from '../../src/policy/policy.ts';
import { A512, B512, policyOf } from './questions.ts';
import { SCHEMES } from './schemes.ts';

const POLICY = policyOf(`
requirements: { npm: { age: 7d } }
allow: [{ npm: a }, { pypi: b }]
pins: [{ npm: c@1.0.0, integrity: "${sriOf(A512)}" }]
`);

function run(cases: string) {
  return runCases(POLICY, [{ path: 'cases/x.yaml', text: `profile: default\ncases:\n${cases}` }], SCHEMES);
}

test.each([
  ['no cases', 'profile: default\ncases: []\n'],
  ['no profile', 'cases: [{ npm: a, expect: allow, why: x }]\n'],
  ['a case without a reason', 'profile: default\ncases: [{ npm: a, expect: allow }]\n'],
  ['an unknown key', 'profile: default\ncases: [{ npm: a, expect: allow, why: x, agee: 1d }]\n'],
  ['an unknown code', 'profile: default\ncases: [{ npm: a, expect: refuse, code: NO, why: x }]\n'],
  ['a refusal without a code', 'profile: default\ncases: [{ npm: a, expect: refuse, why: x }]\n'],
  [
    'an admission with a code',
    'profile: default\ncases: [{ npm: a, expect: allow, code: DENIED, why: x }]\n',
  ],
  ['two packages', 'profile: default\ncases: [{ npm: a, pypi: b, expect: allow, why: x }]\n'],
  ['a name that is none', 'profile: default\ncases: [{ npm: "a b", expect: allow, why: x }]\n'],
  ['a range', 'profile: default\ncases: [{ npm: a@^1, expect: allow, why: x }]\n'],
  [
    'a first digest with nothing to compare',
    'profile: default\ncases: [{ npm: a@1.0.0, first-digest: "sha256:00", expect: allow, why: x }]\n',
  ],
  [
    'provenance that nobody signed',
    'profile: default\ncases: [{ npm: a@1.0.0, provenance: verified, expect: allow, why: x }]\n',
  ],
  [
    'a signer of nothing',
    'profile: default\ncases: [{ npm: a@1.0.0, provenance: { workflow: x }, expect: allow, why: x }]\n',
  ],
  [
    'a signer whose issuer nobody knows',
    'profile: default\ncases: [{ npm: a@1.0.0, provenance: { repository: git.example/a/b }, expect: allow, why: x }]\n',
  ],
  [
    'a signature of nobody in particular',
    'profile: default\ncases: [{ npm: a@1.0.0, registry-signature: true, expect: allow, why: x }]\n',
  ],
  [
    'evidence of a name alone',
    'profile: default\ncases: [{ npm: a, provenance: absent, expect: allow, why: x }]\n',
  ],
  ['facts of a name alone', 'profile: default\ncases: [{ npm: a, malware: MAL-1, expect: allow, why: x }]\n'],
  [
    'an id that is none',
    'profile: default\ncases: [{ npm: a@1.0.0, malware: "run this", expect: allow, why: x }]\n',
  ],
  [
    'a severity that is none',
    'profile: default\ncases: [{ npm: a@1.0.0, vulnerability: bad, expect: allow, why: x }]\n',
  ],
  [
    'words for a licence',
    'profile: default\ncases: [{ npm: a@1.0.0, licence: as you like, expect: allow, why: x }]\n',
  ],
  [
    'an earlier version that is none',
    'profile: default\ncases: [{ npm: a@1.0.0, admitted: latest, expect: allow, why: x }]\n',
  ],
  [
    'a day that there is not',
    'profile: default\ncases: [{ npm: a@1.0.0, at: 2027-02-30, expect: allow, why: x }]\n',
  ],
  [
    'a time without a zone',
    'profile: default\ncases: [{ npm: a, at: 2027-02-20T10:00, expect: allow, why: x }]\n',
  ],
  ['observe without a code', 'profile: default\ncases: [{ npm: a, expect: observe, why: x }]\n'],
  [
    'a waiver of nothing that there is',
    'profile: default\ncases: [{ npm: a@1.0.0, waived: deny, expect: allow, why: x }]\n',
  ],
  ['a policy', 'profile: default\nallow: [{ npm: a }]\n'],
])('a case file with %s is not run', (_, text) => {
  expect(() => runCases(POLICY, [{ path: 'cases/x.yaml', text }], SCHEMES)).toThrow(PolicyError);
});

test('a case passes when the headline is the one that it expects', () => {
  const results = run(`
  - { npm: a@1.0.0, expect: allow, why: listed }
  - { npm: a@1.0.0, age: 1d, expect: refuse, code: TOO_YOUNG, why: young }
  - { npm: a@1.0.0, age: 1d, expect: refuse, code: DENIED, why: another reason }
  - { npm: a@1.0.0, expect: refuse, code: TOO_YOUNG, why: it is not }
  - { npm: z, expect: allow, why: it is not }
  - { npm: a, profile: other, expect: refuse, code: NOT_ALLOWLISTED, why: no such profile }
  - { pypi: b==1.0, sdist: true, expect: refuse, code: SDIST, why: the default }
  - { npm: c@1.0.0, age: 0, expect: allow, why: pinned }
  - { npm: c@1.0.0, digest: "sha512:${'b'.repeat(128)}", expect: refuse, code: PIN_MISMATCH, why: other bytes }
`);
  expect(results.map(({ passed }) => passed)).toEqual([
    true,
    true,
    false,
    false,
    false,
    true,
    true,
    true,
    true,
  ]);
  expect(results[3]).toMatchObject({
    place: 'cases/x.yaml:7',
    subject: 'npm a@1.0.0',
    expected: 'TOO_YOUNG',
    got: 'allow',
    why: 'it is not',
  });
});

test('a slip in what a signer is, is named where it stands', () => {
  expect(() => run('  - { npm: a@1.0.0, provenance: { repositry: x }, expect: allow, why: x }')).toThrow(
    'cases/x.yaml:3:35: unknown key "repositry"; did you mean "repository"?',
  );
});

test('a case that speaks of evidence is about bytes that are here', () => {
  const policy = policyOf(`
requirements: { npm: { registry-signature: required, provenance: no-downgrade } }
allow: [{ npm: a }, { npm: b, requirements: { registry-signature: off, provenance: { repository: github.com/x/b } } }]
pins: [{ npm: c@1.0.0, integrity: "${sriOf(A512)}" }]
`);
  const cases = `profile: default
cases:
  - { npm: a@1.0.0, expect: refuse, code: SIGNATURE_MISSING, why: the index claims none }
  - { npm: a@1.0.0, registry-signature: verified, expect: allow, why: no provenance was ever there }
  - { npm: a@1.0.0, provenance: { repository: github.com/x/a }, expect: refuse, code: SIGNATURE_MISSING, why: what is not said is absent }
  - { npm: a@1.0.0, registry-signature: verified, earlier: { provenance: true }, expect: refuse, code: EVIDENCE_DOWNGRADE, why: lost }
  - { npm: a@1.0.0, registry-signature: verified, earlier: { provenance: false }, expect: allow, why: nothing to lose }
  - { npm: a@1.0.0, registry-signature: failed, expect: refuse, code: SIGNATURE_INVALID, why: not of these bytes }
  - { npm: a@1.0.0, registry-signature: verified, age: 0, quarantined: true, expect: refuse, code: QUARANTINED_UPSTREAM, why: the order stays }
  - { npm: b@1.0.0, provenance: { repository: github.com/x/b }, expect: allow, why: the one }
  - { npm: b@1.0.0, provenance: { repository: github.com/x/b, runner: self-hosted }, expect: refuse, code: PROVENANCE_SIGNER, why: a machine of somebody's }
  - { npm: b@1.0.0, provenance: { repository: github.com/x/b, legacy: true, trigger: pull_request }, expect: refuse, code: PROVENANCE_SIGNER, why: anybody }
  - { npm: c@1.0.0, registry-signature: verified, expect: allow, why: pinned }
  - { npm: c@1.0.0, registry-signature: absent, expect: refuse, code: SIGNATURE_MISSING, why: a pin stands for the rule and for age }
  - { npm: c@1.0.0, registry-signature: verified, digest: "${B512}", expect: refuse, code: PIN_MISMATCH, why: other bytes }
`;
  const results = runCases(policy, [{ path: 'cases/x.yaml', text: cases }], SCHEMES);
  expect(results.filter(({ passed }) => !passed).map(({ place, got }) => ({ place, got }))).toEqual([]);
  expect(results).toHaveLength(13);
});

test('a case says what a feed has, what bytes declare and run, and what was admitted before', () => {
  const policy = policyOf(`
requirements: { npm: { malware: required, vulnerability: high, floor: line, licence: { allow: [MIT, ISC], otherwise: deny } } }
allow: [{ npm: a }, { npm: hooks, requirements: { startup-hooks: allow } }, { npm: any, requirements: { malware: deny, vulnerability: off, floor: off } }]
`);
  const cases = `profile: default
cases:
  - { npm: a@1.0.0, expect: allow, why: what is not said is good }
  - { npm: a@1.0.0, malware: MAL-2025-1, expect: refuse, code: MALWARE, why: named }
  - { npm: any@1.0.0, malware: [MAL-1, MAL-2], expect: refuse, code: MALWARE, why: named twice }
  - { npm: a@1.0.0, feed: missing, expect: refuse, code: FEED_MISSING, why: nobody looked }
  - { npm: a@1.0.0, feed: stale, expect: refuse, code: FEED_MISSING, why: looked long ago }
  - { npm: a@1.0.0, feed: fresh, expect: allow, why: nothing was found }
  - { npm: any@1.0.0, feed: missing, expect: allow, why: none is asked for }
  - { npm: a@1.0.0, vulnerability: moderate, expect: allow, why: below the threshold }
  - { npm: a@1.0.0, vulnerability: [low, high], expect: refuse, code: VULNERABLE, why: one of them reaches it }
  - { npm: a@1.0.0, vulnerability: unknown, expect: refuse, code: VULNERABLE, why: taken for the worst }
  - { npm: any@1.0.0, vulnerability: critical, expect: allow, why: not looked at }
  - { npm: a@1.0.0, licence: MIT OR GPL-3.0-only, expect: allow, why: one side is enough }
  - { npm: a@1.0.0, licence: GPL-3.0-only, expect: refuse, code: LICENCE, why: not accepted }
  - { npm: a@1.0.0, licence: NOASSERTION, expect: refuse, code: LICENCE, why: words }
  - { npm: a@1.0.0, licence: none, expect: refuse, code: LICENCE, why: silence }
  - { npm: a@1.0.0, startup-hooks: true, expect: refuse, code: STARTUP_HOOK, why: the default }
  - { npm: a@1.0.0, startup-hooks: false, expect: allow, why: its licence is then one that is accepted }
  - { npm: a@1.0.0, registry-signature: verified, expect: allow, why: so it is where a case is about evidence }
  - { npm: a@1.0.0, metadata-mismatch: true, expect: refuse, code: METADATA_MISMATCH, why: two faces }
  - { npm: hooks@1.0.0, startup-hooks: true, expect: allow, why: its rule says so }
  - { npm: a@1.0.0, admitted: 1.1.0, expect: refuse, code: BELOW_FLOOR, why: a rollback }
  - { npm: a@1.0.0, admitted: [0.9.0, 2.0.0], expect: allow, why: of another line }
  - { npm: any@1.0.0, admitted: 1.1.0, expect: allow, why: no floor }
`;
  const results = runCases(policy, [{ path: 'cases/x.yaml', text: cases }], SCHEMES);
  expect(results.filter(({ passed }) => !passed).map(({ place, got }) => ({ place, got }))).toEqual([]);
  expect(results).toHaveLength(23);
});

test('a case says when it is asked, what only observe lets pass, and what a waiver lifts', () => {
  const policy = policyOf(`
mode: observe
until: 2026-12-31
allow: [{ npm: a }]
waivers: [{ npm: a@1.0.0, integrity: "${sriOf(A512)}", lifts: install-scripts, reason: x, approver: ana, expires: 2027-01-31 }, { npm: a@2.0.0, integrity: "${sriOf(A512)}", lifts: metadata, reason: x, approver: ana, expires: 2027-01-31 }]
`);
  const cases = `profile: default
cases:
  - { npm: z, at: 2026-12-31, expect: observe, code: NOT_ALLOWLISTED, why: it learns }
  - { npm: z, at: 2026-12-31T23:59:59Z, expect: observe, code: NOT_ALLOWLISTED, why: it learns until the end of that day }
  - { npm: z, at: 2027-01-01, expect: refuse, code: NOT_ALLOWLISTED, why: it has ended }
  - { npm: z, expect: refuse, code: NOT_ALLOWLISTED, why: a case that names no time is asked long after }
  - { npm: a@1.0.0, at: 2027-01-31, install-scripts: true, expect: allow, why: waived }
  - { npm: a@1.0.0, at: 2027-01-31, install-scripts: true, waived: install-scripts, expect: allow, why: and that is said }
  - { npm: a@1.0.0, at: 2027-02-01, install-scripts: true, expect: refuse, code: INSTALL_SCRIPTS, why: the waiver has ended }
  - { npm: a@1.0.0, at: 2027-01-31, install-scripts: true, digest: "${B512}", expect: refuse, code: INSTALL_SCRIPTS, why: other bytes }
  - { npm: a@1.0.0, at: 2027-01-31, startup-hooks: true, install-scripts: true, waived: install-scripts, expect: refuse, code: STARTUP_HOOK, why: one requirement only }
  - { npm: a@2.0.0, at: 2027-01-31, metadata-mismatch: true, waived: metadata, expect: allow, why: of these very bytes }
  - { npm: a@1.0.1, at: 2026-12-31, install-scripts: true, expect: observe, code: INSTALL_SCRIPTS, why: not its waiver }
`;
  const results = runCases(policy, [{ path: 'cases/x.yaml', text: cases }], SCHEMES);
  expect(results.filter(({ passed }) => !passed).map(({ place, got }) => ({ place, got }))).toEqual([]);
  expect(results).toHaveLength(11);

  const wrong = `profile: default
cases:
  - { npm: z, at: 2026-12-31, expect: allow, why: it is not }
  - { npm: z, at: 2026-12-31, expect: refuse, code: NOT_ALLOWLISTED, why: it is not }
  - { npm: a, at: 2026-12-31, expect: observe, code: NOT_ALLOWLISTED, why: it is listed }
  - { npm: a@1.0.0, at: 2027-01-31, waived: install-scripts, expect: allow, why: nothing had to be }
  - { npm: a@1.0.0, at: 2027-01-31, install-scripts: true, waived: age, expect: allow, why: another was }
`;
  expect(
    runCases(policy, [{ path: 'cases/x.yaml', text: wrong }], SCHEMES).map(({ passed, expected, got }) => [
      passed,
      expected,
      got,
    ]),
  ).toEqual([
    [false, 'allow', 'observe NOT_ALLOWLISTED'],
    [false, 'NOT_ALLOWLISTED', 'observe NOT_ALLOWLISTED'],
    [false, 'observe NOT_ALLOWLISTED', 'allow'],
    [false, 'allow, waived: install-scripts', 'allow, nothing waived'],
    [false, 'allow, waived: age', 'allow, waived: install-scripts'],
  ]);
});

test('the published schema of cases is the one that this version checks with', async () => {
  const published = `${JSON.stringify(caseJsonSchema(), null, 2)}\n`;
  await expect(published).toMatchFileSnapshot('../../allowlists/cases.schema.json');
});
