import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { heading } from './attacks.ts';
import { type Foreign, get, server, startForeign } from './server.ts';

describe(heading('A02'), () => {
  const house = server({
    policy: 'profile: default\nallow: [{ npm: "*", wide: true }, { pypi: "*", wide: true }]\n',
  });
  let foreign: Foreign;
  beforeAll(async () => {
    foreign = await startForeign();
  });
  afterAll(() => foreign.close());

  const forms: [string, (host: string) => string][] = [
    ['two slashes before a host', (host) => `//${host}/x`],
    ['three', (host) => `///${host}/x`],
    ['two behind the mount', (host) => `/npm//${host}/x`],
    ['a backslash', (host) => `/npm/\\${host}/x`],
    ['slash and backslash', (host) => `/\\${host}/x`],
    ['the absolute form', (host) => `http://${host}/npm/left-pad`],
    ['an address as name', (host) => `/npm/http:%2f%2f${host}%2fx`],
    ['an address as scope', (host) => `/npm/@${host}%2fx`],
    ['a user before the host', (host) => `/npm/x@${host}/y`],
    ['an address as Python project', (host) => `/pypi/simple/http:%2f%2f${host}%2fx/`],
    ['dots that collapse to a host', (host) => `/npm/x/..//${host}/y`],
    ['packed dots that collapse', (host) => `/npm/%2e%2e//${host}/y`],
    ['a fragment', (host) => `/npm/left-pad#@${host}/`],
    ['a tab that parsers drop', (host) => `/npm/\t/${host}/x`],
    ['a query that is an address', (host) => `/npm/left-pad?registry=http://${host}/`],
    ['a matrix parameter', (host) => `/npm/left-pad;@${host}/x`],
  ];
  test.each(forms)('%s leads nowhere else', async (_, target) => {
    const answer = await get(house(), target(`127.0.0.1:${foreign.port}`));
    expect(answer.status).toBeGreaterThanOrEqual(400);
    expect(answer.headers.has('location')).toBe(false);
    expect(foreign.heard).toEqual([]);
    // Whatever is asked upstream is an admitted name and no more: no host, no query, no rest.
    for (const asked of house().takeAsked()) expect(asked).toBe('GET /npm-up/left-pad');
  });

  test('a slash too many before an admitted name is that name', async () => {
    house().registry.addNpm('left-pad', { '1.3.0': {} });
    house().clock.advance(3_600_000);
    expect((await get(house(), '/npm//left-pad')).status).toBe(200);
    expect(house().takeAsked()).toEqual(['GET /npm-up/left-pad']);
  });

  test('one spelling is decided on, whatever was written', async () => {
    house().registry.addPypi('foo-bar', [{ filename: 'foo_bar-1.0-py3-none-any.whl' }]);
    const names = ['foo-bar', 'Foo._-bar', 'FOO_BAR', 'foo.bar', 'foo%2Dbar', '%66oo-bar'];
    for (const name of names) {
      const { status } = await house().ask(`/pypi/simple/${name}/`);
      expect([200, 301, 308, 400]).toContain(status);
    }
    expect(new Set(house().takeAsked())).toEqual(new Set(['GET /simple/foo-bar/']));
    for (const name of ['fооbar', 'foo\u200dbar', 'ｆoo']) {
      expect((await get(house(), `/pypi/simple/${encodeURIComponent(name)}/`)).status).toBe(400);
      expect((await get(house(), `/npm/${encodeURIComponent(name)}`)).status).toBe(400);
    }
    expect(house().takeAsked()).toEqual([]);
  });
});
