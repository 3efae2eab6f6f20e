import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { askedUnder } from '../../src/admission/replay.ts';
import { loadPolicy } from '../../src/allowlists.ts';
import type { PolicyProposeOptions } from '../../src/cli/program.ts';
import type { DecisionInput } from '../../src/ledger/entry-decision.ts';
import { decide } from '../../src/policy/decide.ts';
import type { Policy } from '../../src/policy/policy.ts';
import { enforced } from '../../src/policy-commands/enforced.ts';
import { policyPropose } from '../../src/policy-commands/propose.ts';
import { sha256, sha512 } from '../ledger/fixtures/drafts.ts';
import { DAY, downloadOf, listingOf } from '../policy/questions.ts';
import { installed, NOW, type Place, place, terminal } from './place.ts';

const OBSERVE = `profile: default
mode: observe
until: 2027-01-01
requirements:
  npm: { age: 7d, install-scripts: deny, provenance: no-downgrade }
  pypi: { age: 7d }
`;

async function proposed({ config }: Place, options: Partial<PolicyProposeOptions> = {}) {
  const { printed, said, print, say } = terminal();
  const all = { profile: 'default', since: '30d', as: 'rules', fromLedger: true, ...options } as const;
  const code = await policyPropose(config, NOW, all, { print, say });
  return { code, text: printed.join('\n'), said: said.join('\n') };
}

type Change = NonNullable<Parameters<typeof listingOf>[2]>;

/** The question of one install, with bytes of its own. */
function questionOf(name: string, version: string, change: Change = {}) {
  const bytes = {
    sha256: sha256(`${name}${version}${change.file?.filename}`),
    sha512: sha512(`${name}${version}${change.file?.filename}`),
  };
  const digests = change.ecosystem === 'pypi' ? [bytes.sha256] : [bytes.sha512];
  const at = { now: NOW - DAY, ...change, file: { digests, ...change.file } };
  return { question: downloadOf(listingOf(name, version, at), bytes), bytes };
}

function observedEntry(
  name: string,
  version: string,
  change: Change = {},
  more: Partial<DecisionInput> = {},
) {
  const { bytes } = questionOf(name, version, change);
  const digests = change.ecosystem === 'pypi' ? [bytes.sha256] : [bytes.sha512];
  return installed(
    name,
    version,
    { now: NOW - DAY, ...change, file: { digests, ...change.file } },
    {
      mode: 'observe',
      digests: bytes,
      observed: [{ code: 'NOT_ALLOWLISTED', place: null }],
      ...more,
    },
  );
}

const YOUNG: Change = { file: { claimedAt: NOW - 2 * DAY } };
const SCRIPTS: Change = { file: { installScripts: true } };
const wheel = (filename: string, more: object = {}): Change => ({
  ecosystem: 'pypi',
  file: { filename, kind: 'wheel', ...more },
});

const verdictOf = (policy: Policy, { question }: ReturnType<typeof questionOf>) =>
  decide(policy, 'default', askedUnder(policy, 'default', question)).verdict;

/** What was installed in mode observe, by whom. */
const INSTALLS: readonly [name: string, version: string, change: Change, agents: readonly string[]][] = [
  ['zod', '4.0.0', {}, ['ana', 'bob', 'bob']],
  ['zod', '4.1.0', {}, ['ana']],
  ['@acme/young', '1.0.0', YOUNG, ['ana']],
  ['esbuild', '0.25.0', SCRIPTS, ['ana']],
  ['esbuild', '0.24.0', {}, ['ana']],
  ['requests', '2.32.0', wheel('requests-2.32.0-py3-none-any.whl'), ['ana']],
  ['requests', '2.31.0', wheel('requests-2.31.0-py3-none-any.whl'), ['ana']],
  ['old', '1.0', { ecosystem: 'pypi', file: { filename: 'old-1.0.tar.gz', kind: 'sdist' } }, ['ana']],
];

async function observing(files: Record<string, string> = {}) {
  const here = place({ 'allowlists/default.yaml': OBSERVE, ...files });
  const ledger = await here.ledger();
  for (const [name, version, change, agents] of INSTALLS)
    for (const agent of agents) await ledger.append(observedEntry(name, version, change, { agent }));
  return { here, ledger };
}

test('what was observed is admitted by the proposal in enforce, and nothing else', async () => {
  const { here, ledger } = await observing();
  // What another profile, an enforcing one, or an earlier time saw is no part of it.
  await ledger.append(observedEntry('other-profile', '1.0.0', {}, { profile: 'team' }));
  await ledger.append(observedEntry('enforced', '1.0.0', {}, { mode: 'enforce' }));
  await ledger.append(observedEntry('long-ago', '1.0.0', { now: NOW - 40 * DAY }));

  const { code, said } = await proposed(here, { out: 'proposal.yaml' });
  expect(said).toBe('sallyport: 5 rules and 3 pins would admit 8 of 8 files that the policy lacks');
  expect(code).toBe(0);
  const policy = enforced(await loadPolicy(here.config.allowlists), 'default');
  for (const [name, version, change] of INSTALLS)
    expect(`${name} ${version} ${verdictOf(policy, questionOf(name, version, change))}`).toBe(
      `${name} ${version} allow`,
    );

  const names = [
    ...INSTALLS.map(([name]) => name),
    'other-profile',
    'enforced',
    'long-ago',
    'zo',
    'zodd',
    '@acme/x',
    'react',
  ];
  const versions = [
    '4.0.0',
    '4.0.1',
    '4.1.0',
    '1.0.0',
    '0.25.0',
    '0.24.0',
    '2.32.0',
    '2.31.0',
    '2.31.5',
    '1.0',
    '5.0.0-rc.1',
  ];
  const flags: Change[] = [{}, YOUNG, SCRIPTS];
  let tried = 0;
  for (const name of names) {
    for (const version of versions) {
      for (const change of flags) {
        if (INSTALLS.some(([n, v]) => n === name && v === version)) continue;
        if (name === 'old' && version === '1.0.0') continue; // PEP 440: the same version as 1.0
        tried += 1;
        for (const ecosystem of version === '1.0' ? ['pypi'] : ['npm', 'pypi']) {
          const pypi =
            ecosystem === 'pypi' ? { filename: `${name}-${version}.whl`, kind: 'wheel' as const } : {};
          const other = questionOf(name, version, {
            ...change,
            ecosystem,
            file: { ...change.file, ...pypi },
          });
          expect(`${ecosystem} ${name} ${version} ${verdictOf(policy, other)}`).toBe(
            `${ecosystem} ${name} ${version} refuse`,
          );
        }
      }
    }
  }
  expect(tried).toBeGreaterThan(300);
  // Other bytes of a pinned artifact, and one that is as young as it was.
  const [pinned] = [questionOf('@acme/young', '1.0.0', YOUNG)];
  const foreign = {
    ...pinned.question,
    sha512: sha512('x'),
    file: { ...pinned.question.file, digests: [sha512('x')] },
  };
  expect(verdictOf(policy, { ...pinned, question: foreign })).toBe('refuse');
});

test('the text: sorted, one line each, with how much use stands behind it and nobody named', async () => {
  const { here } = await observing();
  const { text } = await proposed(here);
  expect(text.split('\n').map((line) => line.replaceAll(/sha(256:|512-)[\w+/=]+/g, '…'))).toEqual([
    '# Written by "sallyport policy propose" from the last 30 days in mode observe: a draft, to be reviewed.',
    '# yaml-language-server: $schema=policy.schema.json',
    '# Versions are exactly those that were installed; widen a range where that is meant.',
    'profile: default',
    'allow:',
    '  - { npm: "@acme/young", versions: "1.0.0" } # 1 install by 1 agent',
    '  # An exception, for these versions alone: install-scripts.',
    '  - { npm: esbuild, versions: "0.25.0", requirements: { install-scripts: allow } } # 1 install by 1 agent',
    '  - { npm: zod, versions: "4.0.0 || 4.1.0" } # 4 installs by 2 agents',
    '  # An exception, for these versions alone: sdist.',
    '  - { pypi: old, versions: "==1.0", requirements: { sdist: allow } } # 1 install by 1 agent',
    '  - { pypi: requests, versions: "==2.32.0" } # 1 install by 1 agent',
    'pins:',
    '  # Younger than the policy asks for: this very artifact.',
    '  - { npm: "@acme/young@1.0.0", integrity: "…" } # 1 install by 1 agent',
    '  - { npm: esbuild@0.24.0, integrity: "…" } # 1 install by 1 agent',
    '  - { pypi: requests@2.31.0, hashes: ["…"] } # 1 install by 1 agent',
  ]);
  expect(text).not.toMatch(/ana|bob/);
});

test('as pins: the very artifacts, and a requirement is a matter for a person', async () => {
  const { here } = await observing();
  const { code, said, text } = await proposed(here, { as: 'pins' });
  expect(code).toBe(1);
  expect(said).toContain('0 rules and 8 pins would admit 6 of 8 files');
  expect(text).toContain('#   - { npm: esbuild@0.25.0, integrity: "sha512-');
  expect(text).toContain('lifts: install-scripts, reason: , approver: , expires: 2026-08-30 }');
  expect(text).not.toContain('allow:');
});

test('a name that has a rule already: the line to change is said, and no tie is made', async () => {
  const { here } = await observing({
    'allowlists/npm.yaml': 'profile: default\nallow:\n  - { npm: zod, versions: "^3" }\n',
  });
  const { code, said, text } = await proposed(here, { out: 'p.yaml' });
  expect(code).toBe(1);
  expect(text).toBe('');
  expect(said).toContain('zod@4.0.0: change the rule at npm.yaml:3; a second one would be a tie');
  const written = readFileSync(join(here.config.allowlists, 'p.yaml'), 'utf8');
  expect(written).toContain(
    '#   the rule at npm.yaml:3 has the name already, for ^3: change that line to take in 4.1.0',
  );
  expect(written).not.toMatch(/^ .*zod/m);
});

test('names under a prefix rule are pinned: a rule of their own would take them out of it', async () => {
  const { here } = await observing({
    'allowlists/npm.yaml':
      'profile: default\nallow:\n  - { npm: "@acme/*" }\n  - { npm: "zo*", versions: "^3" }\n',
  });
  const { text } = await proposed(here);
  expect(text).toMatch(/npm: "@acme\/young@1\.0\.0", integrity/);
  expect(text).toMatch(/npm: zod@4\.1\.0, integrity/);
  expect(text).not.toMatch(/npm: (?:zod|"@acme\/young"), versions/);
});

test('evidence that fails, or is of somebody else, is never proposed away', async () => {
  const { here, ledger } = await observing();
  const evidence = (await import('../policy/questions.ts')).NO_VERDICTS.map((verdict) =>
    verdict.check === 'provenance'
      ? ({ ...verdict, result: 'failed', code: 'PROVENANCE_INVALID', cause: 'signature' } as const)
      : verdict,
  );
  const { question } = questionOf('forged', '1.0.0');
  await ledger.append(observedEntry('forged', '1.0.0', {}, { checks: [...question.verdicts, ...evidence] }));
  const { code, text } = await proposed(here);
  expect(code).toBe(1);
  expect(text).not.toMatch(/^ .*forged/m);
  expect(text).toContain('#   nothing is proposed for that: look at it first');
});

test('what another hand wrote is not overwritten; its own earlier file is', async () => {
  const { here } = await observing({ 'allowlists/mine.yaml': 'profile: default\ninternal: ["@ours/*"]\n' });
  const before = readFileSync(join(here.config.allowlists, 'mine.yaml'), 'utf8');
  const { code, said } = await proposed(here, { out: 'mine.yaml' });
  expect({ code, said }).toEqual({
    code: 3,
    said: 'sallyport: mine.yaml was not written by policy propose: give another file',
  });
  expect(readFileSync(join(here.config.allowlists, 'mine.yaml'), 'utf8')).toBe(before);

  expect((await proposed(here, { out: 'p.yaml' })).code).toBe(0);
  const first = readFileSync(join(here.config.allowlists, 'p.yaml'), 'utf8');
  // Nothing is lacking any more; for the file itself all of it still is.
  expect((await proposed(here)).said).toContain('there is nothing to propose');
  expect((await proposed(here, { out: 'p.yaml' })).code).toBe(0);
  expect(readFileSync(join(here.config.allowlists, 'p.yaml'), 'utf8')).toBe(first);
});

test.each(['../out.yaml', '/tmp/out.yaml', 'cases/out.yaml', 'out.txt', 'a/../../out.yaml'])(
  '--out %s is a usage error',
  async (out) => {
    const { here } = await observing();
    expect((await proposed(here, { out })).code).toBe(2);
    expect(existsSync(join(here.config.allowlists, out))).toBe(false);
  },
);

test('as JSON', async () => {
  const { here } = await observing();
  const { text } = await proposed(here, { json: true });
  expect(JSON.parse(text)).toMatchObject({
    rules: [
      { name: '@acme/young' },
      { name: 'esbuild', exceptions: { 'install-scripts': 'allow' } },
      { name: 'zod', versions: ['4.0.0', '4.1.0'], installs: 4, agents: 2 },
      { name: 'old' },
      { name: 'requests' },
    ],
    open: [],
    lacking: 8,
    left: 0,
  });
});
