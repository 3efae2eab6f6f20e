import { join } from 'node:path';
import { expect, test } from 'vitest';
import { loadConfig } from '../../src/config.ts';
import { feedUpdate } from '../../src/feed/commands.ts';
import { sriOf } from '../../src/model/digest.ts';
import { policyExplain } from '../../src/policy-commands/explain.ts';
import { DAY, startHouse } from '../admission/harness.ts';
import { A512 } from '../policy/questions.ts';
import { NOW, place, terminal } from './place.ts';

const BASE = `profile: base
requirements: { npm: { age: 1d, provenance: if-present } }
allow:
  - { npm: "@types/*", versions: ">=1" }
  - { npm: "@types/node", versions: "<20" }
deny:
  - { npm: "@types/no*", versions: "18.0.0", reason: broken }
`;
const TEAM = `profile: default
extends: [base]
requirements: { npm: { age: 7d } }
allow:
  - { npm: "@types/node", versions: ">=18", requirements: { install-scripts: allow } }
  - npm: express
internal: ["@acme/*"]
`;

async function explained(
  subject: string,
  options: { json?: true; ecosystem?: string; profile?: string } = {},
) {
  const here = place({ 'allowlists/base.yaml': BASE, 'allowlists/team.yaml': TEAM });
  const out = terminal();
  const code = await policyExplain(
    here.config,
    subject,
    NOW,
    { ecosystem: 'npm', profile: 'default', ...options },
    out,
  );
  return { code, ...out };
}

test('the rule that counts and those it beats, denials, requirements each with its place, and the order', async () => {
  const { code, printed } = await explained('@types/node@18.0.1');
  expect(code).toBe(0);
  expect(printed.slice(0, 8)).toEqual([
    'npm @types/node@18.0.1, for profile default (mode enforce; layers base < default)',
    'allow:   @types/node, >=18 (team.yaml:5)',
    '  it beats @types/*, >=1 (base.yaml:4): less specific',
    '  it replaces @types/node, <20 (base.yaml:5): of an upper layer',
    'deny:    @types/no*, 18.0.0, not this one (base.yaml:7)',
    'requirements:',
    '  age: 7d (team.yaml:3)',
    '  install-scripts: allow (team.yaml:5)',
  ]);
  expect(printed).toContain('  provenance: if-present (base.yaml:2)');
  expect(printed).toContain('  sdist: deny (default)');
  expect(printed).toContain('there is no ledger here: decided by its version alone');
  expect(printed.slice(-7)).toEqual([
    'by its version alone: undecided: nothing is known of its files here',
    expect.stringMatching(/^ {2}1\. internal: .*: passed$/),
    expect.stringMatching(/^ {2}2\. integrity: .*: not asked$/),
    expect.stringMatching(/^ {2}3\. deny: /),
    expect.stringMatching(/^ {2}4\. first-digest: /),
    expect.stringMatching(/^ {2}5\. admit: .*: passed$/),
    expect.stringMatching(/^ {2}6\. requirements: .*: not asked$/),
  ]);
});

test('a name that no rule has, and an internal one, of which the policy alone tells which it is', async () => {
  const { code, printed } = await explained('zod');
  expect(code).toBe(1);
  expect(printed).toContain('allow:   no rule has the name');
  expect(printed).toContain('by name: refuse');
  expect(printed.at(-2)).toMatch(/refused: it is not on the allowlist \[NOT_ALLOWLISTED\]$/);

  const internal = await explained('@acme/x', { json: true });
  const whole = JSON.parse(internal.printed.join(''));
  expect(whole).toMatchObject({ internal: 'team.yaml:7', verdict: 'refuse', allow: [] });
  expect(whole.decisions[0].steps[0]).toMatchObject({
    step: 'internal',
    reasons: [{ code: 'NOT_ALLOWLISTED' }],
  });
});

const VERSIONS = `profile: default
requirements: { npm: { malware: deny, vulnerability: high } }
allow:
  - npm: left-pad
  - { npm: express, versions: ">=4.19 <6" }
  - { npm: hurt, requirements: { malware: required } }
  - npm: bad
  - npm: waived
deny:
  - { npm: left-pad, versions: "2.0.0" }
pins:
  - { npm: six@1.0.0, integrity: "${sriOf(A512)}" }
waivers:
  - { npm: waived@1.0.0, integrity: "${sriOf(A512)}", lifts: malware, reason: r, approver: ana, expires: 2100-01-01 }
`;

test('a version of which no file is known is refused by what its version shows, and never admitted', async () => {
  const here = place({
    'allowlists/default.yaml': VERSIONS,
    'allowlists/frozen.yaml': 'profile: frozen\nextends: [default]\nmode: frozen\n',
    'allowlists/learn.yaml': 'profile: learn\nextends: [default]\nmode: observe\nuntil: 2100-01-01\n',
  });
  const ask = async (subject: string, profile = 'default') => {
    const out = terminal();
    const options = { ecosystem: 'npm', profile, json: true } as const;
    const code = await policyExplain(here.config, subject, NOW, options, out);
    const { verdict, decisions } = JSON.parse(out.printed.join(''));
    const reasons = decisions.flatMap((one: { steps: { reasons: { code: string }[] }[] }) =>
      one.steps.flatMap((step) => step.reasons.map((reason) => reason.code)),
    );
    return [code, verdict, ...reasons];
  };
  // Both ask for a feed, and there is none yet.
  expect(await ask('left-pad@1.0.0')).toEqual([1, 'refuse', 'VULNERABILITY_UNCHECKED']);
  expect(await ask('hurt@1.0.0')).toEqual([1, 'refuse', 'FEED_MISSING', 'VULNERABILITY_UNCHECKED']);

  const records = [
    { id: 'MAL-2026-1', name: 'bad', version: '1.0.0' },
    { id: 'MAL-2026-2', name: 'waived', version: '1.0.0' },
  ].map(({ id, name, version }) => ({
    id,
    modified: new Date(NOW).toISOString(),
    affected: [{ package: { ecosystem: 'npm', name }, versions: [version] }],
  }));
  here.write(Object.fromEntries(records.map((one) => [`osv/${one.id}.json`, JSON.stringify(one)])));
  expect(await feedUpdate(here.config, [join(here.root, 'osv')], () => NOW, {}, terminal())).toBe(0);

  expect(await ask('left-pad@2.0.0')).toEqual([1, 'refuse', 'DENIED']);
  expect(await ask('left-pad@2.0.1')).toEqual([0, 'undecided']);
  expect(await ask('express@4.17.0')).toEqual([1, 'refuse', 'VERSION_NOT_ALLOWED']);
  expect(await ask('express@5.0.0')).toEqual([0, 'undecided']);
  expect(await ask('express@4.17.0', 'learn')).toEqual([0, 'undecided']);
  expect(await ask('six@1.0.0')).toEqual([0, 'undecided']);
  expect(await ask('six@1.0.1')).toEqual([1, 'refuse', 'VERSION_NOT_ALLOWED']);
  expect(await ask('nobody@1.0.0')).toEqual([1, 'refuse', 'NOT_ALLOWLISTED']);
  expect(await ask('express@5.0.0', 'frozen')).toEqual([1, 'refuse', 'NOT_PINNED']);
  expect(await ask('six@1.0.0', 'frozen')).toEqual([0, 'undecided']);
  expect(await ask('bad@1.0.0')).toEqual([1, 'refuse', 'MALWARE']);
  expect(await ask('bad@1.0.0', 'learn')).toEqual([1, 'refuse', 'MALWARE']);
  expect(await ask('bad@1.0.1')).toEqual([0, 'undecided']);
  // Whether the waiver is of the file that would come, nobody knows here.
  expect(await ask('waived@1.0.0')).toEqual([0, 'undecided']);
  // A name alone is admitted or not.
  expect(await ask('express')).toEqual([0, 'allow']);
});

test.each([
  ['@types/node@x', {}, 'no package of npm'],
  ['../x', {}, 'no package of npm'],
  ['a\u001b[2J', {}, '\\u001b'],
  ['express', { profile: 'nobody' }, '--profile is one of base, default'],
  ['express', { ecosystem: 'cargo' }, '--ecosystem is one of npm, pypi'],
] as const)('%j is a usage error', async (subject, options, words) => {
  const { code, said, printed } = await explained(subject, options);
  expect({ code, printed }).toEqual({ code: 2, printed: [] });
  expect(said.join('')).toContain(words);
});

test('a version by the index that is kept here and what is remembered of its bytes, beside a running server', async () => {
  const house = await startHouse({
    policy: 'profile: default\nrequirements: { npm: { age: 7d } }\nallow:\n  - npm: plain\n  - npm: hidden\n',
  });
  try {
    house.registry.addNpm('plain', {
      '1.0.0': {},
      '2.0.0': { time: new Date(house.clock.now() - DAY).toISOString() },
    });
    house.registry.addNpm('hidden', {
      '1.0.0': { files: { 'binding.gyp': '{}' } },
    });
    await house.ask('/npm/plain');
    expect((await house.ask('/npm/hidden/-/hidden-1.0.0.tgz')).status).toBe(403);
    house.takeAsked();
    const config = loadConfig({
      SALLYPORT_DATA: join(house.root, 'data'),
      SALLYPORT_ALLOWLISTS: join(house.root, 'allowlists'),
    });
    const ask = async (subject: string) => {
      const out = terminal();
      const options = { ecosystem: 'npm', profile: 'default', json: true } as const;
      const code = await policyExplain(config, subject, house.clock.now(), options, out);
      return { code, whole: JSON.parse(out.printed.join('')) };
    };
    const plain = await ask('plain@1.0.0');
    expect(plain.code).toBe(0);
    expect(plain.whole).toMatchObject({
      verdict: 'allow',
      known: expect.stringContaining('its index was last confirmed'),
      decisions: [{ file: 'plain-1.0.0.tgz', verdict: 'allow', place: 'default.yaml:4', by: 'exact' }],
    });
    const young = await ask('plain@2.0.0');
    expect(young.code).toBe(1);
    expect(young.whole.decisions[0].eligibleAt).toBe(house.clock.now() + 6 * DAY);
    expect(young.whole.decisions[0].steps[5].reasons).toMatchObject([
      { code: 'TOO_YOUNG', place: 'default.yaml:4' },
    ]);
    const hidden = await ask('hidden@1.0.0');
    expect(hidden.code).toBe(1);
    expect(JSON.stringify(hidden.whole.decisions)).toContain('INSTALL_SCRIPTS');
    expect((await ask('plain@9.9.9')).whole.known).toContain('has no such version');
    expect(house.takeAsked()).toEqual([]);
  } finally {
    await house.remove();
  }
}, 60_000);
