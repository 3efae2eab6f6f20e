import { expect, test } from 'vitest';
import { sriOf } from '../../src/model/digest.ts';
import { runCases } from '../../src/policy/cases.ts';
import { PolicyError } from '../../src/policy/policy.ts';
import { A512, policyOf } from './questions.ts';
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
