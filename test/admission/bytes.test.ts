import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { makeNpmTarball } from '../verify/archives.ts';
import {
  allowing,
  bearer,
  hexSha256,
  type Reply,
  SECOND,
  startHouse,
  type TestHouse,
  tarballPath,
  tokensOf,
} from './harness.ts';

// What only the bytes can show: the index is silent, and the artifact itself is judged.

const NPM = [
  'hidden-dependency',
  'hidden-optional',
  'hidden-script',
  'hidden-command',
  'hidden-bundle',
  'later',
  'gyp',
  'bundled',
  'away',
  'tags',
  'misnamed',
  'misversioned',
  'hollow',
  'both',
];
const PYPI = ['away', 'renamed', 'two-faced', 'honest', 'cut', 'source', 'hollow'];
const lax = allowing(
  NPM,
  PYPI,
  'requirements: { npm: { install-scripts: allow, direct-urls: allow }, pypi: { sdist: allow, direct-urls: allow } }\n',
);

/** How long an index is taken as current. */
const TTL = 300_000;

let house: TestHouse;
beforeAll(async () => {
  house = await startHouse({
    policy: {
      'default.yaml': allowing(NPM, PYPI, 'requirements: { pypi: { sdist: allow } }\n'),
      'lax.yaml': lax.replace('profile: default', 'profile: lax'),
    },
    auth: tokensOf({ dev: 'default', builder: 'lax' }),
  });
});
afterAll(() => house.remove());

const get = (path: string, agent = 'dev', headers: Record<string, string> = {}): Promise<Reply> =>
  house.ask(path, { headers: { ...bearer(agent), ...headers } });
const codes = (reply: Reply) => [reply.status, ...(reply.status === 200 ? [] : [reply.json.code])];
const JSON_PAGE = { accept: 'application/vnd.pypi.simple.v1+json' };
const pageOf = async (name: string, agent = 'dev') =>
  (await get(`/pypi/simple/${name}/`, agent, JSON_PAGE)).json;
const wheelPath = (name: string, version = '1.0.0') =>
  `/pypi/files/${name}/${name.replaceAll('-', '_')}-${version}-py3-none-any.whl`;

/** A package.json that says more than the index does. */
function hiding(name: string, more: Record<string, unknown>, files: Record<string, string> = {}) {
  return { tarball: makeNpmTarball({ name, version: '1.1.0', ...more }, { 'index.js': '', ...files }) };
}

/** One whose index says all that its package.json says; what the files do, only the bytes show. */
function honest(name: string, manifest: Record<string, unknown>, files: Record<string, string> = {}) {
  return { ...hiding(name, manifest, files), manifest };
}

describe('an npm tarball', () => {
  test.each([
    ['gyp', 'INSTALL_SCRIPTS', honest('gyp', {}, { 'binding.gyp': '{}' })],
    [
      'bundled',
      'INSTALL_SCRIPTS',
      honest(
        'bundled',
        { bundledDependencies: ['child'], dependencies: { child: '1.0.0' } },
        {
          'node_modules/child/package.json':
            '{"name":"child","version":"1.0.0","scripts":{"preinstall":"node steal.js"}}',
        },
      ),
    ],
    [
      'away',
      'DIRECT_URL',
      honest(
        'away',
        {},
        { 'npm-shrinkwrap.json': '{"packages":{"x":{"resolved":"https://evil.test/x.tgz"}}}' },
      ),
    ],
  ])(
    '%s: %s is seen in it, counts in later listings, and is served where the profile allows it',
    async (name, code, v) => {
      house.registry.addNpm(name, { '1.0.0': {}, '1.1.0': v });
      const before = await get(`/npm/${name}`);
      expect(before.json['dist-tags'].latest).toBe('1.1.0');
      expect(before.json.versions['1.1.0'].hasInstallScript).toBeUndefined();

      const refused = await get(tarballPath(name, '1.1.0'));
      expect(codes(refused)).toEqual([403, code]);
      expect(refused.json.nearestAllowed).toBe(`${name}@1.0.0`);
      expect(refused.phrase).toContain(`${name}@1.0.0`);

      const after = await get(`/npm/${name}`);
      expect(Object.keys(after.json.versions)).toEqual(['1.0.0']);
      expect(after.json['dist-tags'].latest).toBe('1.0.0');
      expect(after.headers['etag']).not.toBe(before.headers['etag']);
      house.takeAsked();
      expect(codes(await get(tarballPath(name, '1.1.0')))).toEqual([403, code]);
      expect(house.takeAsked()).toEqual([]);

      const served = await get(tarballPath(name, '1.1.0'), 'builder');
      expect(served.body.equals(house.registry.tarball(name, '1.1.0'))).toBe(true);
      expect(Object.keys((await get(`/npm/${name}`, 'builder')).json.versions)).toEqual(['1.0.0', '1.1.0']);
      // Bytes that another profile had the firewall keep change nothing for this one.
      expect(codes(await get(tarballPath(name, '1.1.0')))).toEqual([403, code]);
    },
  );

  test('one that two profiles ask for at the same time: each gets its own answer', async () => {
    house.registry.addNpm('both', { '1.1.0': honest('both', {}, { 'binding.gyp': '{}' }) });
    house.registry.withFault(/both-1/, { kind: 'delay', ms: 50 });
    const answers = await Promise.all([
      get(tarballPath('both', '1.1.0')),
      get(tarballPath('both', '1.1.0'), 'builder'),
      get(tarballPath('both', '1.1.0')),
      get(tarballPath('both', '1.1.0'), 'builder'),
    ]);
    expect(answers.map((a) => a.status)).toEqual([403, 200, 403, 200]);
  });

  test.each([
    ['dependencies', 'hidden-dependency', { dependencies: { evil: '^1.0.0' } }],
    ['optionalDependencies', 'hidden-optional', { optionalDependencies: { evil: '^1.0.0' } }],
    ['scripts', 'hidden-script', { scripts: { postinstall: 'node steal.js' } }],
    ['bin', 'hidden-command', { bin: { tool: 'index.js' } }],
    ['dependencies', 'hidden-bundle', { bundleDependencies: ['evil'], dependencies: { evil: '*' } }],
  ])(
    '%s of which the index says nothing: refused for every profile, and left out from then on',
    async (field, name, more) => {
      const version = hiding(name, more);
      house.registry.addNpm(name, { '1.0.0': {}, '1.1.0': version });
      for (const agent of ['dev', 'builder']) {
        const refused = await get(tarballPath(name, '1.1.0'), agent);
        expect(codes(refused)).toEqual([403, 'METADATA_MISMATCH']);
        const entry = (await house.entries({ package: name, verdict: 'refuse' })).at(-1);
        expect(JSON.stringify(entry)).toContain(agent === 'dev' ? `package.json#${field}` : 'package.json');
        expect(Object.keys((await get(`/npm/${name}`, agent)).json.versions)).toEqual(['1.0.0']);
      }
    },
  );

  test('an index that says other things of bytes that were admitted is refused, and believed again when it says the same', async () => {
    const version = honest('later', {});
    house.registry.addNpm('later', { '1.1.0': version });
    expect((await get(tarballPath('later', '1.1.0'))).status).toBe(200);
    house.registry.addNpm('later', {
      '1.1.0': { ...version, manifest: { dependencies: { ghost: '1.0.0' } } },
    });
    house.clock.advance(TTL);
    expect(codes(await get(tarballPath('later', '1.1.0')))).toEqual([403, 'METADATA_MISMATCH']);
    expect((await get('/npm/later')).json.versions['1.1.0'].dist.integrity).toBeUndefined();
    house.registry.addNpm('later', { '1.1.0': version });
    house.clock.advance(TTL);
    expect((await get(tarballPath('later', '1.1.0'))).status).toBe(200);
  });

  test.each([
    ['misnamed', { name: 'other', version: '1.0.0' }],
    ['misversioned', { name: 'misversioned', version: '1.0.1' }],
  ])('%s: what it says it is must be what it is listed as, under every policy', async (name, packageJson) => {
    house.registry.addNpm(name, { '1.0.0': { packageJson } });
    for (const agent of ['dev', 'builder']) {
      expect(codes(await get(tarballPath(name, '1.0.0'), agent))).toEqual([403, 'METADATA_MISMATCH']);
    }
    const page = await get(`/npm/${name}`);
    expect(page.json.versions['1.0.0'].dist.tarball).toContain('/-/blocked/METADATA_MISMATCH/');
    const blocked = await get(`/npm/${name}/-/blocked/METADATA_MISMATCH/${name}-1.0.0.tgz`);
    expect(codes(blocked)).toEqual([403, 'METADATA_MISMATCH']);
  });

  test('something that is no archive', async () => {
    house.registry.addNpm('hollow', { '1.0.0': { tarball: Buffer.from('<html>not found</html>') } });
    for (const agent of ['dev', 'builder']) {
      expect(codes(await get(tarballPath('hollow', '1.0.0'), agent))).toEqual([403, 'ARCHIVE_UNSAFE']);
    }
  });
});

describe('a Python distribution', () => {
  test('a wheel that requires an address', async () => {
    house.registry.addPypi('away', [
      { filename: 'away-1.0.0-py3-none-any.whl', metadata: 'Requires-Dist: x @ https://evil.test/x.whl\n' },
    ]);
    expect(codes(await get(wheelPath('away')))).toEqual([403, 'DIRECT_URL']);
    expect((await pageOf('away')).files[0].yanked).toContain('DIRECT_URL');
    expect((await get(wheelPath('away'), 'builder')).status).toBe(200);
    expect((await pageOf('away', 'builder')).files[0].yanked).toBeUndefined();
  });

  test('a wheel that is another package inside', async () => {
    house.registry.addPypi('renamed', [
      {
        filename: 'renamed-1.0.0-py3-none-any.whl',
        metadata: 'Metadata-Version: 2.1\nName: requests\nVersion: 1.0.0\n',
      },
    ]);
    for (const agent of ['dev', 'builder']) {
      expect(codes(await get(wheelPath('renamed'), agent))).toEqual([403, 'METADATA_MISMATCH']);
    }
  });

  test('a source distribution is refused without a fetch where the policy does not want any', async () => {
    await house.setPolicy({
      'default.yaml': allowing(NPM, PYPI),
      'lax.yaml': lax.replace('profile: default', 'profile: lax'),
    });
    house.registry.addPypi('source', [{ filename: 'source-1.0.0.tar.gz' }]);
    house.takeAsked();
    expect(codes(await get('/pypi/files/source/source-1.0.0.tar.gz'))).toEqual([403, 'SDIST']);
    expect(house.takeAsked()).toEqual(['GET /simple/source/']);
    expect((await get('/pypi/files/source/source-1.0.0.tar.gz', 'builder')).status).toBe(200);
  });

  describe('.metadata', () => {
    test('as the index declares it, by its digest; the wheel must hold the same', async () => {
      house.registry.addPypi('honest', [
        {
          filename: 'honest-1.0.0-py3-none-any.whl',
          coreMetadata: 'right',
          metadata: 'Requires-Dist: six\n',
        },
      ]);
      const page = await pageOf('honest');
      const reply = await get(`${wheelPath('honest')}.metadata`);
      expect(reply.status).toBe(200);
      expect(reply.text).toContain('Requires-Dist: six');
      expect(page.files[0]['core-metadata'].sha256).toBe(hexSha256(reply.body));
      expect(reply.headers['x-sallyport-entry']).toMatch(/^[0-9a-f]{64}$/);
      expect((await get(wheelPath('honest'))).status).toBe(200);
      expect((await get(`${wheelPath('honest')}.metadata`)).body.equals(reply.body)).toBe(true);
    });

    test('with another digest than declared: refused and alarmed, and so is the wheel', async () => {
      house.registry.addPypi('two-faced', [
        { filename: 'two_faced-1.0.0-py3-none-any.whl', coreMetadata: 'wrong' },
      ]);
      house.takeAlarms();
      expect(codes(await get(`${wheelPath('two-faced')}.metadata`))).toEqual([403, 'DIGEST_MISMATCH']);
      expect(house.takeAlarms()).toEqual(['digest-mismatch']);
      for (const agent of ['dev', 'builder']) {
        expect(codes(await get(wheelPath('two-faced'), agent))).toEqual([403, 'METADATA_MISMATCH']);
      }
    });

    test('that the index declares rightly, of a wheel that holds another one', async () => {
      const filename = 'two_faced-2.0.0-py3-none-any.whl';
      const served = 'Metadata-Version: 2.1\nName: two-faced\nVersion: 2.0.0\n';
      house.registry.addPypi('two-faced', [
        {
          filename,
          metadata: 'Requires-Dist: evil\n',
          extra: { 'core-metadata': { sha256: hexSha256(served) } },
        },
      ]);
      house.clock.advance(600 * SECOND);
      house.registry.withFault(/two_faced-2.*\.metadata$/, { kind: 'body', body: served });
      expect((await get(`${wheelPath('two-faced', '2.0.0')}.metadata`)).text).toBe(served);
      expect(codes(await get(wheelPath('two-faced', '2.0.0')))).toEqual([403, 'METADATA_MISMATCH']);
      expect(codes(await get(wheelPath('two-faced', '2.0.0'), 'builder'))).toEqual([
        403,
        'METADATA_MISMATCH',
      ]);
    });

    test('of an index that declares none: cut from the wheel, after the wheel was admitted', async () => {
      house.registry.addPypi('cut', [
        { filename: 'cut-1.0.0-py3-none-any.whl', metadata: 'Requires-Dist: six\n' },
        { filename: 'cut-1.1.0-py3-none-any.whl', metadata: 'Requires-Dist: x @ https://evil.test/x.whl\n' },
      ]);
      expect((await pageOf('cut')).files[0]['core-metadata']).toBe(true);
      house.takeAsked();
      const reply = await get(`${wheelPath('cut')}.metadata`);
      expect(reply.text).toContain('Requires-Dist: six');
      expect(house.takeAsked().filter((p) => p.endsWith('.metadata'))).toEqual([]);
      expect((await pageOf('cut')).files[0]['core-metadata']).toEqual({ sha256: hexSha256(reply.body) });
      expect(codes(await get(`${wheelPath('cut', '1.1.0')}.metadata`))).toEqual([403, 'DIRECT_URL']);
    });

    test('is never served of what the policy refuses', async () => {
      expect(codes(await get('/pypi/files/unlisted/unlisted-1.0.0-py3-none-any.whl.metadata'))).toEqual([
        403,
        'NOT_ALLOWLISTED',
      ]);
      house.registry.addPypi('hollow', [
        { filename: 'hollow-1.0.0-py3-none-any.whl', bytes: Buffer.from('no zip'), coreMetadata: 'right' },
      ]);
      expect(codes(await get(wheelPath('hollow')))).toEqual([403, 'ARCHIVE_UNSAFE']);
      expect(codes(await get(`${wheelPath('hollow')}.metadata`))).toEqual([403, 'ARCHIVE_UNSAFE']);
    });
  });
});
