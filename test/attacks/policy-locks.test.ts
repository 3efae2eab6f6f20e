import { describe, expect, test } from 'vitest';
import { parsePolicy } from '../../src/policy/load.ts';
import { PolicyError } from '../../src/policy/policy.ts';
import type { Requirements } from '../../src/policy/profile.ts';
import { requirementsFor } from '../../src/policy/requirements.ts';
import { SCHEMES } from '../policy/schemes.ts';

// What a layer below a lock may try to get more than it was given.

function read(org: string, team: string) {
  const sources = [
    { path: 'org.yaml', text: `profile: org\n${org}\n` },
    { path: 'team.yaml', text: `profile: team\nextends: [org]\n${team}\n` },
  ];
  const rules = parsePolicy(sources, SCHEMES).profiles.get('team')?.ecosystems.get('npm');
  if (!rules) throw new Error('no profile');
  return {
    of: (name: string, version: string): Requirements =>
      requirementsFor(rules, rules.allow.best(name)?.value ?? null, version),
  };
}

function wrong(org: string, team: string): string[] {
  try {
    read(org, team);
    return [];
  } catch (error) {
    if (!(error instanceof PolicyError)) throw error;
    return error.problems.map(({ path, line, message }) => `${path}:${line} ${message}`);
  }
}

describe('what an upper layer allows of some versions of a name', () => {
  const ORG = `locked: [install-scripts, age]
requirements: { npm: { install-scripts: deny, age: 7d } }
allow:
  - { npm: esbuild, versions: "<1", requirements: { install-scripts: allow, age: 1h } }
  - { npm: "@acme/*", versions: "<1", requirements: { install-scripts: allow } }`;

  test.each([
    ['all of its versions', '{ npm: esbuild, requirements: { install-scripts: allow } }'],
    ['others of them', '{ npm: esbuild, versions: ">=1", requirements: { install-scripts: allow } }'],
    ['an age of theirs', '{ npm: esbuild, versions: ">=1", requirements: { age: 1d } }'],
    ['all versions of a name below a prefix', '{ npm: "@acme/x", requirements: { install-scripts: allow } }'],
    ['all versions of a longer prefix', '{ npm: "@acme/x*", requirements: { install-scripts: allow } }'],
  ])('is not allowed by a lower one of %s', (_, rule) => {
    expect(wrong(ORG, `allow: [${rule}]`)).toEqual([expect.stringContaining('team.yaml:3')]);
  });

  test('is allowed of the same versions', () => {
    const policy = read(
      ORG,
      'allow: [{ npm: esbuild, versions: "<1", requirements: { install-scripts: allow, age: 1h } }]',
    );
    expect(policy.of('esbuild', '0.9.0')).toMatchObject({ installScripts: 'allow', age: 3_600_000 });
    expect(policy.of('esbuild', '1.0.0')).toMatchObject({ installScripts: 'deny', age: 7 * 86_400_000 });
  });

  test('and where a lower one is silent of other versions, the stricter of both holds', () => {
    const policy = read(ORG, 'allow: [{ npm: esbuild }]');
    expect(policy.of('esbuild', '0.9.0')).toMatchObject({ installScripts: 'deny' });
    expect(policy.of('esbuild', '1.0.0')).toMatchObject({ installScripts: 'deny', age: 7 * 86_400_000 });
  });
});

describe('a locked no-downgrade', () => {
  const ORG = 'locked: [provenance]\nrequirements: { npm: { provenance: no-downgrade } }';
  const named = (more: string) =>
    `allow: [{ npm: widget, requirements: { provenance: { repository: github.com/acme/widget, workflow: w.yml, ${more} } } }]`;

  test.each([
    ["builds on anybody's runner", 'runner: any'],
    ['builds that strangers can start', 'triggers: [pull_request_target]'],
  ])('is not loosened to %s by naming a signer', (_, more) => {
    expect(wrong(ORG, named(more))).toEqual([expect.stringContaining('team.yaml:3')]);
  });
});

describe('where the packages of a locked allow come from', () => {
  const ORG = `profile: org
locked: [allow]
allow: [{ npm: express }, { npm: "@acme/*" }]
pins: [{ npm: left-pad@1.3.0, hashes: ["sha256:${'ab'.repeat(32)}"] }]
`;
  const load = (...others: string[]) => {
    const sources = [ORG, ...others].map((text, i) => ({ path: `${i}.yaml`, text }));
    try {
      parsePolicy(sources, SCHEMES);
      return [];
    } catch (error) {
      if (!(error instanceof PolicyError)) throw error;
      return error.problems.map(({ path, line, message }) => `${path}:${line} ${message}`);
    }
  };

  test.each(['express', 'Express', 'exp*', '@acme/*', '@acme/core', '@acme/c*', 'left-pad'])(
    'is not for a profile beside it to say: %s',
    (pattern) => {
      expect(load(`profile: beside\nupstreams: [{ npm: "${pattern}", upstream: mine }]\n`)).toEqual([
        expect.stringMatching(/^1\.yaml:2 .*allow is locked at 0\.yaml:2/),
      ]);
    },
  );

  test('is for its own files, and others may say it of other names', () => {
    expect(load('profile: org\nupstreams: [{ npm: express, upstream: mine }]\n')).toEqual([]);
    expect(load('profile: beside\nupstreams: [{ npm: "@mine/*", upstream: mine }]\n')).toEqual([]);
  });
});
