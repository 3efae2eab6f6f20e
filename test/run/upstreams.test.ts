import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { PolicyError } from '../../src/policy/policy.ts';
import { startHouse, type TestHouse, tarballPath } from '../admission/harness.ts';
import { type FakeRegistry, startRegistry } from '../harness/registry.ts';

// Names that the policy gives to a private upstream of the configuration, and what a reload may do to them.

const ALLOW = 'profile: default\nallow:\n  - npm: lib\n  - npm: "@acme/*"\n  - npm: acme-tool\n';
const PRIVATE = `${ALLOW}upstreams:\n  - { npm: lib, upstream: own }\n  - { npm: "@acme/*", upstream: own }\n`;

let own: FakeRegistry;
beforeAll(async () => {
  own = await startRegistry();
});
afterAll(() => own.close());

const config = () =>
  `upstreams:\n  - { id: own, ecosystem: npm, base: "${own.npmBase}" }\n` +
  `  - { id: tools, ecosystem: npm, names: [acme-tool], base: "${own.npmBase}" }\n`;

describe('a running house', () => {
  let house: TestHouse;
  beforeEach(async () => {
    own.clearFaults();
    own.requests.length = 0;
    house = await startHouse({ policy: PRIVATE, config: config() });
    own.addNpm('lib', { '1.0.0': { files: { 'own.js': 'own' } } });
    house.registry.addNpm('lib', { '1.0.0': {}, '9.9.9': {} });
    own.addNpm('@acme/core', { '1.0.0': {} });
    house.registry.addNpm('@acme/core', { '9.9.9': {} });
  });
  afterEach(() => house.remove());

  const versions = async (path = '/npm/lib') => Object.keys((await house.ask(path)).json.versions ?? {});
  const asked = () => {
    const paths = { own: own.pathsAsked(), public: house.takeAsked() };
    own.requests.length = 0;
    return paths;
  };

  test('its names are asked of the private upstream, index and file', async () => {
    expect(await versions()).toEqual(['1.0.0']);
    expect((await house.ask(tarballPath('lib', '1.0.0'))).status).toBe(200);
    expect(await versions('/npm/@acme%2fcore')).toEqual(['1.0.0']);
    expect(asked()).toMatchObject({
      own: expect.arrayContaining(['GET /npm-up/lib', 'GET /npm-up/lib/-/lib-1.0.0.tgz']),
      public: [],
    });
  });

  test.each(['reset', 'status', 'vanish'] as const)(
    'while the private one is down (%s) nothing of them goes to the public one, which would have them',
    async (kind) => {
      own.withFault(/./, kind === 'status' ? { kind, status: 503 } : { kind });
      for (const path of [
        '/npm/lib',
        '/npm/@acme%2fcore',
        '/npm/@ACME%2fcore',
        tarballPath('lib', '9.9.9'),
      ]) {
        expect((await house.ask(path)).status).toBeGreaterThanOrEqual(400);
      }
      expect(asked().public).toEqual([]);
    },
  );

  test('a name that a reload moves is asked for anew where it is now, and never served from the other index', async () => {
    expect(await versions()).toEqual(['1.0.0']);
    asked();
    expect(await house.setPolicy(ALLOW)).toBe(true);
    expect(await versions()).toEqual(['1.0.0', '9.9.9']);
    expect(asked()).toEqual({ own: [], public: ['GET /npm-up/lib'] });
    expect(await house.setPolicy(PRIVATE)).toBe(true);
    own.withFault(/./, { kind: 'reset' });
    // What the private one said before may be used; what the public one said may not.
    const answer = await house.ask('/npm/lib');
    expect([answer.status, answer.text.includes('9.9.9')]).toEqual([expect.any(Number), false]);
    expect(asked().public).toEqual([]);
  });

  test('the bytes of the other source under the same name and version are another digest', async () => {
    expect((await house.ask(tarballPath('lib', '1.0.0'))).status).toBe(200);
    expect(await house.setPolicy(ALLOW)).toBe(true);
    const moved = await house.ask(tarballPath('lib', '1.0.0'));
    expect([moved.status, moved.json.code]).toEqual([403, 'DIGEST_CHANGED']);
  });

  test('internal wins: the name goes nowhere', async () => {
    expect(await house.setPolicy(`${PRIVATE}internal: ["@acme/*"]\n`)).toBe(true);
    asked();
    expect((await house.ask('/npm/@acme%2fcore')).json.code).toBe('NOT_ALLOWLISTED');
    expect(asked()).toEqual({ own: [], public: [] });
  });

  test('an upstream that the configuration does not have is no reload', async () => {
    const { digest } = house.house.policy();
    expect(await house.setPolicy(PRIVATE.replace('lib, upstream: own', 'lib, upstream: none'))).toBe(false);
    expect(house.house.policy().digest).toBe(digest);
    expect(house.log).toMatch(
      /default\.yaml:7:1: the configuration has no upstream none for npm \(it has own, tools\)/,
    );
    expect(await house.entries()).toMatchObject([{ type: 'policy', outcome: 'rejected', problems: 1 }]);
  });
});

test.each([
  [
    'an upstream that there is none of',
    '{ npm: lib, upstream: none }',
    /default\.yaml:7:1: .*no upstream none/,
  ],
  ['one of another ecosystem', '{ pypi: lib, upstream: own }', /no upstream own for pypi \(it has none\)/],
  [
    'another one than the configuration',
    '{ npm: "acme-*", upstream: own }',
    /acme-\* comes from own here, and acme-tool from tools/,
  ],
])('%s is no start', async (_what, rule, words) => {
  const starting = startHouse({ policy: `${ALLOW}upstreams:\n  - ${rule}\n`, config: config() });
  await expect(starting).rejects.toThrow(PolicyError);
  await expect(starting).rejects.toThrow(words);
});

test('the same upstream in both is no contradiction, and any case of a name is its', async () => {
  const upstreams =
    'upstreams:\n  - { npm: acme-tool, upstream: tools }\n  - { npm: "Bcme-*", upstream: own }\n';
  const house = await startHouse({
    policy: `profile: default\nallow:\n  - { npm: "*", wide: true }\n${upstreams}`,
    config: config(),
  });
  try {
    own.requests.length = 0;
    for (const name of ['acme-tool', 'Acme-Tool', 'bcme-x', 'Bcme-x', 'BCME-x'])
      await house.ask(`/npm/${name}`);
    expect([house.takeAsked(), own.pathsAsked().length]).toEqual([[], 5]);
  } finally {
    await house.remove();
  }
});
