import { createHash } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { bearer, startHouse, type TestHouse, tarballPath, tokensOf } from '../admission/harness.ts';
import { makeNpmTarball } from '../verify/archives.ts';

// Claims of a lying index about a file, and one profile's answers in another's hands. All of these were repelled.

let house: TestHouse;
beforeAll(async () => {
  house = await startHouse({
    policy: {
      'a.yaml':
        'profile: a\nrequirements: { npm: { install-scripts: allow } }\nallow: [{ npm: lib }, { npm: scripted }, { npm: moved }, { npm: proto }, { pypi: lib }]\n',
      'b.yaml': 'profile: b\nallow: [{ npm: scripted }]\n',
    },
    auth: tokensOf({ ann: 'a', bob: 'b' }),
  });
});
afterAll(() => house.remove());
const ask = (path: string, agent = 'ann', more: Record<string, string> = {}) =>
  house.ask(path, { headers: { ...bearer(agent), ...more } });

const sri = (algorithm: string, of: Uint8Array | string) =>
  `${algorithm}-${createHash(algorithm).update(of).digest('base64')}`;

describe('integrity in the index', () => {
  type Case = readonly [what: string, integrity: (bytes: Uint8Array) => string, expected: number | string];
  const cases: readonly Case[] = [
    [
      'two algorithms, the weaker of another file',
      (b) => `${sri('sha512', b)} ${sri('sha256', 'x')}`,
      'DIGEST_MISMATCH',
    ],
    [
      'two algorithms, the stronger of another file',
      (b) => `${sri('sha512', 'x')} ${sri('sha256', b)}`,
      'DIGEST_MISMATCH',
    ],
    [
      'one algorithm, two files, ours first',
      (b) => `${sri('sha512', b)} ${sri('sha512', 'x')}`,
      'DIGEST_MISMATCH',
    ],
    [
      'one algorithm, two files, ours last',
      (b) => `${sri('sha512', 'x')} ${sri('sha512', b)}`,
      'DIGEST_MISMATCH',
    ],
    ['sha1 alone', (b) => sri('sha1', b), 'NO_DIGEST'],
    ['md5 alone', (b) => sri('md5', b), 'NO_DIGEST'],
    ['nothing', () => '', 'NO_DIGEST'],
    ['an algorithm without digest', () => 'sha512-', 'NO_DIGEST'],
    ['a digest cut short', (b) => sri('sha512', b).slice(0, 60), 'NO_DIGEST'],
    [
      'sha1 of this, sha512 of another file',
      (b) => `${sri('sha1', b)} ${sri('sha512', 'x')}`,
      'DIGEST_MISMATCH',
    ],
    ['options behind it', (b) => `${sri('sha512', b)}?ct=text/html`, 200],
  ];
  test.each(cases.map((one, i) => [one[0], i, one[1], one[2]] as const))(
    '%s',
    async (_, i, integrity, expected) => {
      const version = `1.0.${i}`;
      const tarball = makeNpmTarball({ name: 'lib', version });
      house.registry.addNpm('lib', { [version]: { tarball, integrity: integrity(tarball) } });
      house.clock.advance(600_000);
      const answer = await ask(tarballPath('lib', version));
      expect(answer.status === 200 ? 200 : answer.json.code).toBe(expected);
      expect((await ask('/npm/lib')).text).not.toContain('ct=text');
    },
  );

  test.each<[string, Record<string, string>, string]>([
    ['md5 alone', { md5: 'd41d8cd98f00b204e9800998ecf8427e' }, 'NO_DIGEST'],
    ['sha256 of another file', { sha256: 'a'.repeat(64) }, 'DIGEST_MISMATCH'],
    ['an unknown stronger one', { sha3_512: 'a'.repeat(128) }, 'NO_DIGEST'],
  ])('of a wheel: %s', async (_, hashes, expected) => {
    house.registry.addPypi('lib', [{ filename: 'lib-1.0-py3-none-any.whl', hashes }]);
    house.clock.advance(600_000);
    expect((await ask('/pypi/files/lib/lib-1.0-py3-none-any.whl')).json.code).toBe(expected);
  });
});

test('an address in the index is followed to its own origin only, and by its path only', async () => {
  const { origin, npmBase, filesOrigin } = house.registry;
  const host = new URL(origin).host;
  house.registry.addNpm('moved', {
    '1.0.0': { tarballUrl: `//${host}/npm-up/moved/-/moved-1.0.0.tgz` },
    '1.0.1': { tarballUrl: `http://user:secret@${host}/npm-up/moved/-/moved-1.0.1.tgz` },
    '1.0.2': { tarballUrl: 'file:///etc/passwd' },
    '1.0.3': { tarballUrl: `ftp://${host}/x.tgz` },
    '1.0.4': { tarballUrl: `${npmBase}moved/-/moved-1.0.4.tgz#${filesOrigin}` },
    '1.0.5': { tarballUrl: 'http://127.1:1/x.tgz' },
    '1.0.6': { tarballUrl: 'http://169.254.169.254/latest/meta-data' },
    '1.0.7': { tarballUrl: 'http://[::ffff:169.254.169.254]/x' },
    '1.0.8': { tarballUrl: `http://${host}\\@evil.invalid/x.tgz` },
  });
  const codes: unknown[] = [];
  for (const patch of [0, 1, 2, 3, 4, 6, 7, 8]) {
    const answer = await ask(tarballPath('moved', `1.0.${patch}`));
    codes.push(answer.status === 200 ? 200 : answer.json.code);
  }
  expect(codes.slice(0, 7)).toEqual([
    'UNKNOWN_VERSION',
    'UNKNOWN_VERSION',
    'UNKNOWN_VERSION',
    'UNKNOWN_VERSION',
    200,
    'UPSTREAM_ORIGIN',
    'UPSTREAM_ORIGIN',
  ]);
  expect(codes[7]).not.toBe(200);
  const index = await ask('/npm/moved');
  for (const word of ['169.254', 'evil.invalid', 'secret', host]) expect(index.text).not.toContain(word);
});

test('one flight for two profiles gives each its own answer, and so does a page of the other’s tag', async () => {
  house.registry.addNpm('scripted', {
    '1.0.0': { files: { 'binding.gyp': '{}' } },
  });
  const path = tarballPath('scripted', '1.0.0');
  const askers = ['bob', 'ann', 'bob', 'ann', 'bob'];
  const answers = await Promise.all(askers.map((agent) => ask(path, agent)));
  expect(answers.map(({ status }) => status)).toEqual([403, 200, 403, 200, 403]);
  const [ann, bob] = [await ask('/npm/scripted', 'ann'), await ask('/npm/scripted', 'bob')];
  expect(ann.headers['etag']).not.toBe(bob.headers['etag']);
  for (const [agent, page] of [['ann', bob] as const, ['bob', ann] as const]) {
    const again = await ask('/npm/scripted', agent, { 'if-none-match': page.headers['etag'] ?? '"none"' });
    expect(again.status).toBe(200);
  }
  expect((await ask(path, 'bob', { range: 'bytes=0-1' })).status).toBe(403);
});

test('who forwards another host’s name changes no address in a page', async () => {
  const page = await ask('/npm/lib', 'ann', {
    'x-forwarded-host': 'evil.invalid',
    'x-forwarded-proto': 'https',
    forwarded: 'host=evil.invalid',
    'x-original-url': '/npm/unlisted',
    'x-http-method-override': 'PUT',
  });
  expect(page.status).toBe(200);
  expect(page.text).not.toContain('evil.invalid');
});
