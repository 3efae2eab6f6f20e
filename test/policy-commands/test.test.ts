import { expect, test } from 'vitest';
import { policyTest } from '../../src/policy-commands/test.ts';
import { place, terminal } from './place.ts';

const POLICY = `profile: default
allow:
  - npm: express
  - { npm: esbuild, versions: ">=1" }
deny:
  - { npm: express, versions: "3.0.0", reason: broken }
`;

async function tested(cases: string, options: { json?: true } = {}) {
  const here = place({
    'allowlists/npm.yaml': POLICY,
    'allowlists/cases/a.yaml': `profile: default\ncases:\n${cases}`,
  });
  const out = terminal();
  const code = await policyTest(here.config, options, out);
  return { code, ...out };
}

test('all green prints nothing but the sum', async () => {
  const { code, printed, said } = await tested('  - { npm: express@4.0.0, expect: allow, why: used }\n');
  expect({ code, printed, said }).toEqual({ code: 0, printed: [], said: ['1 passed, 0 failed'] });
});

test('a red case says where, about what, why, what should be and what is', async () => {
  const { code, printed, said } = await tested(
    `  - { npm: express@4.0.0, expect: refuse, code: DENIED, why: must go }
  - { npm: esbuild@0.1.0, install-scripts: true, age: unknown, expect: allow, why: used }
  - { npm: express@3.0.0, expect: refuse, code: DENIED, why: broken }
`,
  );
  expect(code).toBe(1);
  expect(printed).toEqual([
    'FAIL cases/a.yaml:3: npm express@4.0.0',
    '     must go',
    '  - expected refuse: it is denied by the policy [DENIED]',
    '  + got allow by npm.yaml:3',
    'FAIL cases/a.yaml:4: npm esbuild@0.1.0',
    '     used',
    '  - expected allow',
    '  + got refuse: it is in no version that the allowlist admits [VERSION_NOT_ALLOWED] (npm.yaml:4)',
    '    and it runs code of its own when it is installed [INSTALL_SCRIPTS] (npm.yaml:4)',
  ]);
  expect(said).toEqual(['1 passed, 2 failed']);
});

test('what a case says moves no cursor', async () => {
  const { printed } = await tested(
    '  - { npm: express@4.0.0, expect: refuse, code: DENIED, why: "a\\e[2Jb\\nc" }\n',
  );
  expect(printed.join('')).not.toMatch(/[^\x20-\x7e]/);
  expect(printed[1]).toBe('     a\\u001b[2Jb\\u000ac');
});

test('as JSON: every case, whole', async () => {
  const { printed } = await tested('  - { npm: express@4.0.0, expect: allow, why: used }\n', { json: true });
  expect(printed.map((line) => JSON.parse(line))).toMatchObject([
    {
      place: 'cases/a.yaml:3',
      subject: 'npm express@4.0.0',
      passed: true,
      expected: 'allow',
      got: 'allow',
      decision: { verdict: 'allow', place: 'npm.yaml:3', observed: [], waived: [] },
    },
  ]);
});

test('no case at all is not green', async () => {
  const here = place({ 'allowlists/npm.yaml': POLICY });
  const out = terminal();
  expect(await policyTest(here.config, {}, out)).toBe(1);
  expect(out.said).toEqual([
    'sallyport: there are no cases, so nothing was tested: write some below cases/',
    '0 passed, 0 failed',
  ]);
});
