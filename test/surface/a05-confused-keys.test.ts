import { describe, expect, test } from 'vitest';
import { allowing, bearer, hexSha256, tarballPath, tokensOf } from '../admission/harness.ts';
import { heading } from './attacks.ts';
import { server } from './server.ts';

const OTHERS = 'profile: other\nallow: [{ npm: b }]\n';

describe(heading('A05'), () => {
  const house = server(
    {
      policy: {
        'default.yaml': allowing(['a', '@a/b', 'b', 'twin-one', 'twin-two'], ['a', 'b']),
        'other.yaml': OTHERS,
      },
      auth: tokensOf({ ann: 'default', bob: 'other' }),
    },
    ({ registry }) => {
      for (const name of ['a', '@a/b', 'b'])
        registry.addNpm(name, { '1.0.0': { files: { 'who.js': `npm ${name}` } } });
      for (const name of ['a', 'b'])
        registry.addPypi(name, [
          { filename: `${name}-1.0.0-py3-none-any.whl`, files: { 'who.py': `# pypi ${name}` } },
        ]);
    },
  );
  const ask = (path: string, agent = 'ann', headers = {}) =>
    house().ask(path, { headers: { ...bearer(agent), ...headers } });

  test('one name in two ecosystems and in two scopes is as many packages', async () => {
    const paths = [
      tarballPath('a', '1.0.0'),
      tarballPath('@a/b', '1.0.0'),
      tarballPath('b', '1.0.0'),
      '/pypi/files/a/a-1.0.0-py3-none-any.whl',
    ];
    const bytes = await Promise.all(paths.map((path) => ask(path)));
    expect(bytes.map(({ status }) => status)).toEqual([200, 200, 200, 200]);
    const { registry } = house();
    expect(bytes.map(({ body }) => hexSha256(body))).toEqual(
      [
        registry.tarball('a', '1.0.0'),
        registry.tarball('@a/b', '1.0.0'),
        registry.tarball('b', '1.0.0'),
        registry.file('a-1.0.0-py3-none-any.whl'),
      ].map((one) => hexSha256(one)),
    );
  });

  test.each([
    '/npm/a/-/b-1.0.0.tgz',
    '/npm/@a/b/-/a-1.0.0.tgz',
    '/npm/b/-/../../a/-/a-1.0.0.tgz',
    '/pypi/files/b/a-1.0.0-py3-none-any.whl',
    '/pypi/files/a/b-1.0.0-py3-none-any.whl',
  ])('%s: no package gives another one’s file', async (path) => {
    const answer = await ask(path);
    expect(answer.status).toBeGreaterThanOrEqual(400);
    expect(answer.headers['content-type']).toMatch(/json/);
  });

  test('what one agent made us keep is decided on for the next one', async () => {
    for (const path of ['/npm/a', tarballPath('a', '1.0.0')]) {
      const first = await ask(path);
      expect(first.status).toBe(200);
      for (const headers of [{}, { 'if-none-match': first.headers['etag'] ?? '' }, { range: 'bytes=0-10' }]) {
        const other = await ask(path, 'bob', headers);
        expect([other.status, other.json.code]).toEqual([403, 'NOT_ALLOWLISTED']);
      }
      const head = await house().ask(path, { method: 'HEAD', headers: bearer('bob') });
      expect(head.status).toBe(403);
    }
  });

  test('no header that a shared cache forgets decides between two answers', async () => {
    const first = await ask('/npm/a', 'ann', { accept: 'application/vnd.npm.install-v1+json' });
    const full = await ask('/npm/a', 'ann', { accept: 'application/json' });
    expect(first.text).not.toBe(full.text);
    expect(first.headers['etag']).not.toBe(full.headers['etag']);
    expect(first.headers['vary']?.toLowerCase()).toContain('accept');
    expect(first.headers['cache-control']).toMatch(/private|no-store|no-cache/);
    for (const header of ['x-forwarded-host', 'x-original-url', 'x-rewrite-url', 'x-http-method-override']) {
      const again = await ask('/npm/a', 'ann', { accept: 'application/json', [header]: '/npm/b' });
      expect(again.text).toBe(full.text);
    }
  });

  test('two packages of the same bytes are two decisions, and the bytes are kept once', async () => {
    const tarball = house().registry.tarball('b', '1.0.0');
    house().registry.addNpm('twin-one', { '1.0.0': { tarball } });
    const answer = await ask(tarballPath('twin-one', '1.0.0'));
    expect([answer.status, answer.json.code]).toEqual([403, 'METADATA_MISMATCH']);
    expect((await ask(tarballPath('b', '1.0.0'))).status).toBe(200);
  });
});
