import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startHouse, type TestHouse, tarballPath } from './harness.ts';

// The first door: by name alone, before any contact with an upstream.

const POLICY = `
profile: default
requirements: { pypi: { sdist: allow } }
allow:
  - npm: listed
  - npm: unknown-upstream
  - npm: "@acme/*"
  - npm: wanted
  - npm: some-versions
    versions: ">=2"
  - npm: "family-*"
  - pypi: listed
  - pypi: unknown-upstream
  - pypi: wanted
deny:
  - { npm: wanted, reason: not any more }
  - { npm: family-bad, reason: not this one }
  - { npm: some-versions, versions: "2.1.0", reason: broken }
  - { pypi: wanted, reason: not any more }
internal: [ "@acme/*", "acme-*" ]
`;

let house: TestHouse;
beforeAll(async () => {
  house = await startHouse({ policy: POLICY });
  for (const name of ['listed', 'unlisted', '@acme/one', 'acme-one', 'wanted', 'family-good', 'family-bad']) {
    house.registry.addNpm(name, { '1.0.0': {} });
  }
  house.registry.addNpm('some-versions', { '1.0.0': {}, '2.0.0': {}, '2.1.0': {} });
  for (const name of ['listed', 'unlisted', 'acme-one', 'wanted']) {
    house.registry.addPypi(name, [{ filename: `${name.replace('-', '_')}-1.0.0-py3-none-any.whl` }]);
  }
});
afterAll(() => house.remove());

/** Each way to ask for a package, as a path. */
const ROUTES: Readonly<Record<string, (name: string) => string>> = {
  'npm full index': (name) => `/npm/${name}`,
  'npm version': (name) => `/npm/${name}/1.0.0`,
  'npm tags': (name) => `/npm/-/package/${name}/dist-tags`,
  'npm artifact': (name) => tarballPath(name, '1.0.0'),
  'npm blocked artifact': (name) => tarballPath(name, '1.0.0').replace('/-/', '/-/blocked/NOT_ALLOWLISTED/'),
  'PyPI index': (name) => `/pypi/simple/${name}/`,
  'PyPI artifact': (name) => `/pypi/files/${name}/${name.replaceAll('-', '_')}-1.0.0-py3-none-any.whl`,
  'PyPI metadata': (name) =>
    `/pypi/files/${name}/${name.replaceAll('-', '_')}-1.0.0-py3-none-any.whl.metadata`,
  'PyPI blocked artifact': (name) =>
    `/pypi/files/${name}/${name.replaceAll('-', '_')}-0+refused.not.on.the.allowlist-py3-none-any.whl`,
};

const ABBREVIATED = 'application/vnd.npm.install-v1+json';
const SIMPLE_JSON = 'application/vnd.pypi.simple.v1+json';
const REQUEST_OWN = /[0-9a-f]{64}|unlisted|unknown[-_]upstream|acme[-_]one/g;

async function refusalOf(path: string, accept: string) {
  const reply = await house.ask(path, { headers: { accept } });
  const { date: _, 'x-sallyport-entry': entry, 'content-length': __, ...headers } = reply.headers;
  return {
    entry,
    seen: {
      status: reply.status,
      phrase: reply.phrase.replace(REQUEST_OWN, 'X'),
      headers: JSON.stringify(headers).replace(REQUEST_OWN, 'X'),
      body: reply.text.replace(REQUEST_OWN, 'X'),
    },
  };
}

describe('unlisted, unknown and internal names are one refusal', () => {
  test.each(
    Object.entries(ROUTES).flatMap(([what, path]) =>
      [ABBREVIATED, SIMPLE_JSON, '*/*'].map((accept) => [what, accept, path] as const),
    ),
  )('%s, %s', async (_, accept, path) => {
    house.takeAsked();
    const unlisted = await refusalOf(path('unlisted'), accept);
    const internal = await refusalOf(path('acme-one'), accept);
    expect(house.takeAsked()).toEqual([]);
    const unknown = await refusalOf(path('unknown-upstream'), accept);
    expect(internal.seen).toEqual(unlisted.seen);
    expect(unknown.seen).toEqual(unlisted.seen);
    expect(unlisted.seen.body + unlisted.seen.phrase).toMatch(/NOT_ALLOWLISTED|refused/);
    expect(unlisted.entry).toMatch(/^[0-9a-f]{64}$/);
  });

  test('an internal scope beats the rule that admits it', async () => {
    house.takeAsked();
    for (const path of ['/npm/@acme/one', '/npm/@acme%2fone', tarballPath('@acme/one', '1.0.0')]) {
      const reply = await house.ask(path);
      expect([reply.status, reply.json.code]).toEqual([403, 'NOT_ALLOWLISTED']);
    }
    expect(house.takeAsked()).toEqual([]);
  });

  test.each(['__proto__', 'constructor', 'toString', 'hasOwnProperty'])(
    'a package called %s',
    async (name) => {
      house.takeAsked();
      for (const path of [`/npm/${name}`, tarballPath(name, '1.0.0'), `/pypi/simple/${name}/`]) {
        const reply = await house.ask(path, { headers: { accept: 'application/json' } });
        // PyPI redirects to the normalised spelling; its page of a refused name lists one made-up wheel.
        if (reply.status === 200) expect(reply.text).toMatch(/0(\+|%2B)refused/);
        else expect([301, 400, 403]).toContain(reply.status);
        expect(reply.text).not.toContain('INTERNAL');
      }
      expect(house.takeAsked()).toEqual([]);
    },
  );
});

describe('order', () => {
  test.each([
    '/npm/wanted',
    tarballPath('wanted', '1.0.0'),
    '/npm/family-bad',
    '/npm/-/package/wanted/dist-tags',
  ])('deny beats allow, without asking upstream: %s', async (path) => {
    house.takeAsked();
    const reply = await house.ask(path);
    expect([reply.status, reply.json.code]).toEqual([403, 'DENIED']);
    expect(house.takeAsked()).toEqual([]);
  });

  test('deny beats allow for PyPI', async () => {
    house.takeAsked();
    const reply = await house.ask('/pypi/files/wanted/wanted-1.0.0-py3-none-any.whl');
    expect([reply.status, reply.json.code]).toEqual([403, 'DENIED']);
    expect(house.takeAsked()).toEqual([]);
  });

  test('what no rule admits by version is not listed, and its artifact is refused unfetched', async () => {
    const page = await house.ask('/npm/some-versions');
    expect(Object.keys(page.json.versions)).toEqual(['2.0.0']);
    expect(page.json['dist-tags']).toEqual({ latest: '2.0.0' });
    house.takeAsked();
    for (const [version, code] of [
      ['1.0.0', 'VERSION_NOT_ALLOWED'],
      ['2.1.0', 'DENIED'],
      ['9.9.9', 'UNKNOWN_VERSION'],
    ] as const) {
      const reply = await house.ask(tarballPath('some-versions', version));
      expect([reply.status, reply.json.code, reply.json.nearestAllowed]).toEqual([
        403,
        code,
        'some-versions@2.0.0',
      ]);
    }
    expect(house.takeAsked()).toEqual([]);
    expect((await house.ask(tarballPath('some-versions', '2.0.0'))).status).toBe(200);
  });

  test('a prefix admits what it spells', async () => {
    expect((await house.ask(tarballPath('family-good', '1.0.0'))).status).toBe(200);
  });
});
