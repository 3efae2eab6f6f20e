import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { allowing, bearer, startHouse, type TestHouse, tarballPath, tokensOf } from '../admission/harness.ts';
import { makeTarball } from '../verify/archives.ts';

// What the upstream says in one place and the bytes, or another place, say differently. The upstream is ours.

describe('core metadata that a resolver reads before the wheel (PEP 658)', () => {
  let house: TestHouse;
  beforeAll(async () => {
    house = await startHouse({
      policy: {
        'default.yaml': allowing([], ['foo', 'bar', 'baz']),
        'lax.yaml': 'profile: lax\nrequirements: { pypi: { direct-urls: allow } }\nallow: [{ pypi: foo }]\n',
      },
      auth: tokensOf({ ann: 'default', lax: 'lax' }),
    });
    const wheel = { coreMetadata: 'right' } as const;
    house.registry.addPypi('foo', [
      {
        ...wheel,
        filename: 'foo-1.0-py3-none-any.whl',
        metadata: 'Requires-Dist: a @ http://203.0.113.9/a.tgz\n',
      },
      { ...wheel, filename: 'foo-1.1-py3-none-any.whl', metadata: 'Requires-Dist: a@file:///tmp/a\n' },
      {
        ...wheel,
        filename: 'foo-1.2-py3-none-any.whl',
        metadata: 'Requires-Dist:\n a\n @ http://203.0.113.9/a.tgz\n',
      },
      {
        ...wheel,
        filename: 'foo-1.3-py3-none-any.whl',
        metadata: `Requires-Dist: =?utf-8?b?${Buffer.from('a @ http://203.0.113.9/a.tgz').toString('base64')}?=\n`,
      },
      {
        ...wheel,
        filename: 'foo-1.4-py3-none-any.whl',
        metadata: 'Requires-Dist: =?utf-8?q?a=20=40=20http=3A=2F=2F203.0.113.9/a.tgz?=\n',
      },
      { ...wheel, filename: 'foo-2.0-py3-none-any.whl', metadata: 'Requires-Dist: bar>=1\n' },
    ]);
    house.registry.addPypi('bar', [
      {
        ...wheel,
        filename: 'bar-1.0-py3-none-any.whl',
        metadata: 'Metadata-Version: 2.1\nName: other\nVersion: 1.0\n',
      },
      {
        ...wheel,
        filename: 'bar-1.1-py3-none-any.whl',
        metadata: 'Metadata-Version: 2.1\nName: bar\nVersion: 9.9\n',
      },
    ]);
  });
  afterAll(() => house.remove());

  const metadataOf = (file: string, agent = 'ann') => {
    const name = file.split('-')[0];
    return house.ask(`/pypi/files/${name}/${file}.metadata`, { headers: bearer(agent) });
  };

  test.each([
    ['an address for a dependency', 'foo-1.0-py3-none-any.whl', 'DIRECT_URL'],
    ['a path for a dependency, without spaces', 'foo-1.1-py3-none-any.whl', 'DIRECT_URL'],
    ['an address on a folded line', 'foo-1.2-py3-none-any.whl', 'DIRECT_URL'],
    ['an address in an encoded word, which uv decodes', 'foo-1.3-py3-none-any.whl', 'DIRECT_URL'],
    ['the same, quoted', 'foo-1.4-py3-none-any.whl', 'DIRECT_URL'],
    ['another name', 'bar-1.0-py3-none-any.whl', 'METADATA_MISMATCH'],
    ['another version', 'bar-1.1-py3-none-any.whl', 'METADATA_MISMATCH'],
  ])('%s is refused as in the wheel itself', async (_, file, code) => {
    for (const attempt of ['from the upstream', 'kept']) {
      const answer = await metadataOf(file);
      expect([attempt, answer.status, answer.json.code]).toEqual([attempt, 403, code]);
      expect(answer.text).not.toContain('203.0.113.9');
    }
  });

  test('what is in order, or allowed by the asker’s own profile, is served', async () => {
    expect((await metadataOf('foo-2.0-py3-none-any.whl')).status).toBe(200);
    expect((await metadataOf('foo-1.0-py3-none-any.whl', 'lax')).status).toBe(200);
    expect((await metadataOf('foo-1.0-py3-none-any.whl')).status).toBe(403);
  });
});

describe('one file that is two archives', () => {
  const BYTES = makeTarball({
    'poly-1.0.0/package.json': JSON.stringify({
      name: 'poly',
      version: '1.0.0',
      // Not in the index, and no part of what is held to it.
      gypfile: true,
    }),
    'poly-1.0.0/PKG-INFO': 'Metadata-Version: 2.1\nName: poly\nVersion: 1.0.0\n',
  });
  const SDIST = '/pypi/files/poly/poly-1.0.0.tar.gz';
  const TARBALL = tarballPath('poly', '1.0.0');

  let house: TestHouse;
  beforeAll(async () => {
    house = await startHouse({
      policy: {
        'a.yaml':
          'profile: a\nrequirements: { npm: { install-scripts: allow }, pypi: { sdist: allow, install-scripts: allow } }\nallow: [{ npm: poly }, { pypi: poly }]\n',
        'b.yaml': 'profile: b\nallow: [{ npm: poly }, { npm: good }, { pypi: evil }]\n',
      },
      auth: tokensOf({ ann: 'a', bob: 'b' }),
    });
    house.registry.addNpm('poly', { '1.0.0': { tarball: BYTES } });
    house.registry.addPypi('poly', [{ filename: 'poly-1.0.0.tar.gz', bytes: BYTES }]);
  });
  afterAll(() => house.remove());
  const status = async (path: string, agent: string) =>
    (await house.ask(path, { headers: bearer(agent) })).status;

  test('its install script is not forgotten when it is looked at as the other one', async () => {
    expect(await status(TARBALL, 'ann')).toBe(200);
    expect(await status(TARBALL, 'bob')).toBe(403);
    expect(await status(SDIST, 'ann')).toBe(200);
    expect(await status(TARBALL, 'bob')).toBe(403);
    const index = await house.ask('/npm/poly', { headers: bearer('bob') });
    expect(index.text).toContain('blocked/INSTALL_SCRIPTS');
  });

  test('a name that gives another package’s bytes as its own harms neither before nor after', async () => {
    house.registry.addNpm('good', { '1.0.0': {} });
    const bytes = house.registry.tarball('good', '1.0.0');
    house.registry.addPypi('evil', [{ filename: 'evil-1.0-py3-none-any.whl', bytes }]);
    const evil = '/pypi/files/evil/evil-1.0-py3-none-any.whl';
    expect(await status(evil, 'bob')).toBe(403);
    expect(await status(tarballPath('good', '1.0.0'), 'bob')).toBe(200);
    expect(await status(evil, 'bob')).toBe(403);
    expect(await status(tarballPath('good', '1.0.0'), 'bob')).toBe(200);
    const index = await house.ask('/npm/good', { headers: bearer('bob') });
    expect(index.text).not.toContain('blocked');
  });
});
