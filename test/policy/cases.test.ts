import { expect, test } from 'vitest';
import { sriOf } from '../../src/model/digest.ts';
import { runCases } from '../../src/policy/cases.ts';
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
