import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { allowing, DAY, START, startHouse, type TestHouse, tarballPath } from '../../admission/harness.ts';
import { type FakeRegistry, startRegistry } from '../../harness/registry.ts';

// Names and versions in other spellings, and what answers tell of names.

describe('internal names under a rule for every name', () => {
  let house: TestHouse;
  beforeAll(async () => {
    house = await startHouse({
      policy:
        'profile: default\nallow: [{ npm: "*", wide: true }, { pypi: "*", wide: true }]\ninternal: ["acme-*", "@acme/*", "Legacy-*"]\n',
    });
  });
  afterAll(() => house.remove());

  test.each([
    '/npm/acme-secret',
    '/npm/Acme-secret',
    '/npm/ACME-SECRET',
    '/npm/@ACME/secret',
    '/npm/@Acme%2fsecret',
    '/npm/@Acme%2Fsecret',
    '/npm/legacy-x',
    '/npm/LEGACY-x',
    '/npm/Acme-secret/latest',
    '/npm/Acme-secret/-/Acme-secret-1.0.0.tgz',
    '/Acme-secret',
    '/pypi/simple/acme-secret/',
    '/pypi/files/acme-secret/ACME.secret-1.0-py3-none-any.whl',
  ])('%s does not go upstream in any spelling', async (path) => {
    house.takeAsked();
    expect((await house.ask(path)).text).toMatch(/NOT_ALLOWLISTED|refused\.not\.on\.the\.allowlist/);
    expect(house.takeAsked()).toEqual([]);
  });

  test('/-/why tells no internal name from one that the upstream does not know', async () => {
    const told: unknown[] = [];
    for (const name of ['acme-nothere', 'nothere']) {
      const refused = await house.ask(`/npm/${name}`);
      expect(refused.json.code).toBe('NOT_ALLOWLISTED');
      const why = await house.ask(`/-/why/${refused.json.entry}`);
      expect(why.status).toBe(200);
      const own = /[0-9a-f]{8}-[0-9a-f-]{27}|"(?:seq|leaf)":(?:\d+|"[0-9a-f]{64}")/g;
      told.push(why.text.replaceAll(name, 'NAME').replace(own, ''));
    }
    expect(told[0]).toBe(told[1]);
  });
});

describe('names that have an upstream of their own', () => {
  let own: FakeRegistry;
  beforeAll(async () => {
    own = await startRegistry();
  });
  afterAll(() => own.close());
  const house = (pattern: string, ecosystem: 'npm' | 'pypi', name: string) => {
    const base = ecosystem === 'npm' ? own.npmBase : own.pypiBase;
    return startHouse({
      policy: allowing(ecosystem === 'npm' ? [name] : [], ecosystem === 'pypi' ? [name] : []),
      config: `upstreams: [{ id: acme, ecosystem: ${ecosystem}, names: ["${pattern}"], base: "${base}" }]\n`,
    });
  };

  test.each([
    ['Acme_*', 'pypi', 'acme-lib', '/pypi/simple/acme-lib/'],
    ['ACME.lib', 'pypi', 'acme-lib', '/pypi/simple/acme-lib/'],
    ['@acme/*', 'npm', '@Acme/lib', '/npm/@Acme%2flib'],
    ['acme-*', 'npm', 'Acme-lib', '/npm/Acme-lib'],
  ] as const)('%s (%s): %s never reaches the public one', async (pattern, ecosystem, name, path) => {
    const h = await house(pattern, ecosystem, name);
    try {
      own.requests.length = 0;
      await h.ask(path);
      expect(h.takeAsked()).toEqual([]);
      expect(own.pathsAsked()).toHaveLength(1);
    } finally {
      await h.remove();
    }
  });

  test.each(['@acme*', 'a*b', '**', 'a b'])(
    '%s, which can match no name, is an error at start',
    async (pattern) => {
      await expect(house(pattern, 'npm', 'x')).rejects.toThrow(/upstreams: /);
    },
  );
});

test('a pin holds its version in every spelling', async () => {
  const house = await startHouse({
    policy: allowing(
      [],
      ['six'],
      `pins: [{ pypi: six@1.0, hashes: ["sha256:${'0'.repeat(64)}"] }]\ndeny: [{ pypi: six, versions: "==2.0" }]\n`,
    ),
  });
  try {
    const names = ['1.0', '1.0.0', '1', '1.0.0.0'].map((v) => `six-${v}-py3-none-any.whl`);
    const denied = ['2.0', '2', '2.0.0', '2.0+local', '2.0-1'].map((v) => `six-${v}-py3-none-any.whl`);
    const files = [...names, 'Six-1.0-py2.py3-none-any.whl', 'six-1.0.tar.gz', ...denied];
    house.registry.addPypi(
      'six',
      files.map((filename) => ({ filename })),
    );
    for (const file of [...names, 'Six-1.0-py2.py3-none-any.whl']) {
      const answer = await house.ask(`/pypi/files/six/${file}`);
      expect([file, answer.status, answer.json.code]).toEqual([file, 403, 'PIN_MISMATCH']);
    }
    for (const file of denied.filter((name) => name.split('-').length === 5)) {
      const answer = await house.ask(`/pypi/files/six/${file.replace('+', '%2B')}`);
      expect([file, answer.json.code]).toEqual([file, 'DENIED']);
    }
  } finally {
    await house.remove();
  }
});

/*
 * Were `age` kept per file name alone, a file that was listed, waited its days and then got other bytes would be
 * served as old: the clock is of the name and its declared digests.
 */
test('a listed file that gets another digest before anybody fetched it is young again', async () => {
  const house = await startHouse({ policy: allowing(['lib'], [], 'requirements: { npm: { age: 7d } }\n') });
  try {
    const time = new Date(START - DAY).toISOString();
    house.registry.addNpm('lib', { '1.1.0': { time } });
    await house.ask('/npm/lib');
    house.clock.advance(8 * DAY);
    house.registry.addNpm('lib', { '1.1.0': { time, files: { 'evil.js': 'x' } } });
    expect((await house.ask(tarballPath('lib', '1.1.0'))).status).toBe(403);
  } finally {
    await house.remove();
  }
});

/*
 * Were the first file origin that an index names learned before anything came from it, one
 * package whose tarball lies on a dead or lying host would lock out the true one for all.
 */
test('an origin that gave nothing that was verified is not learned', async () => {
  const house = await startHouse({ policy: allowing(['a', 'b']) });
  try {
    house.registry.addNpm('a', { '1.0.0': { tarballUrl: 'http://127.0.0.1:9/a/-/a-1.0.0.tgz' } });
    house.registry.addNpm('b', { '1.0.0': { tarballUrl: `${house.registry.filesOrigin}/files/b.tgz` } });
    await house.ask(tarballPath('a', '1.0.0'));
    expect((await house.ask(tarballPath('b', '1.0.0'))).json.code).not.toBe('UPSTREAM_ORIGIN');
  } finally {
    await house.remove();
  }
});

/*
 * Past the budget of a prefix an unseen name must look like an internal one: two codes would tell them apart.
 */
test('past the budget of a prefix, internal and unknown names have one code', async () => {
  const house = await startHouse({
    policy: 'profile: default\nallow: [{ npm: "acme-*" }]\ninternal: ["acme-int-*"]\n',
    env: { SALLYPORT_PREFIX_BUDGET: '1' },
  });
  try {
    await house.ask('/npm/acme-x');
    const [unknown, internal] = await Promise.all([house.ask('/npm/acme-y'), house.ask('/npm/acme-int-z')]);
    expect(unknown?.json.code).toBe(internal?.json.code);
  } finally {
    await house.remove();
  }
});
