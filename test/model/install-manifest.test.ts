import { describe, expect, test } from 'vitest';
import { differingFields, installManifestOf } from '../../src/model/install-manifest.ts';

const differ = (a: object, b: object): readonly string[] =>
  differingFields(
    installManifestOf({ name: 'demo', version: '1.2.3', ...a }),
    installManifestOf({ name: 'demo', version: '1.2.3', ...b }),
  );

// What publishing clients make of a package.json on its way into the index, as real packuments show it.
test.each<[what: string, packageJson: object, index: object]>([
  ['nothing is the same as empty', { dependencies: {}, scripts: null, bin: '' }, {}],
  ['a version with a v', { version: 'v1.2.3' }, {}],
  ['build metadata, which the registry drops', { version: '1.2.3+5' }, {}],
  [
    'optional dependencies copied among the others',
    { dependencies: { a: '1' }, optionalDependencies: { b: '2' } },
    { dependencies: { a: '1', b: '2' }, optionalDependencies: { b: '2' } },
  ],
  [
    'a list of dependencies',
    { dependencies: ['a@1.0', 'b >=2', 'c'] },
    { dependencies: { a: '1.0', b: '>=2', c: '' } },
  ],
  ['another order', { dependencies: { a: '1', b: '2' } }, { dependencies: { b: '2', a: '1' } }],
  [
    'a bundled package that is no dependency',
    { bundledDependencies: ['a'] },
    { bundleDependencies: ['a'], dependencies: { a: '*' } },
  ],
  [
    'all bundled',
    { bundleDependencies: true, dependencies: { a: '1' } },
    { bundleDependencies: ['a'], dependencies: { a: '1' } },
  ],
  ['bin as text', { bin: './cli.js' }, { bin: { demo: 'cli.js' } }],
  ['bin of a scope', { name: '@s/demo', bin: 'cli.js' }, { name: '@s/demo', bin: { demo: 'cli.js' } }],
  ['bin as a list', { bin: ['./bin/a'] }, { bin: { a: 'bin/a' } }],
  [
    'a folder of commands, spelled out',
    { directories: { bin: './bin' } },
    { directories: { bin: './bin' }, bin: { a: 'bin/a', b: 'bin/b' } },
  ],
  ['what binding.gyp implies', {}, { scripts: { install: 'node-gyp rebuild' }, gypfile: true }],
  ['what wscript once implied', {}, { scripts: { preinstall: 'node-waf configure build' } }],
  [
    'a path before a script',
    { scripts: { install: './node_modules/.bin/node-gyp configure' } },
    { scripts: { install: 'node-gyp configure' } },
  ],
  [
    'a repository at GitHub',
    { dependencies: { a: 'u/r#c', b: 'git+https://github.com/u/r.git' } },
    { dependencies: { a: 'github:u/r#c', b: 'git://github.com/u/r.git' } },
  ],
  ['scripts of development', { scripts: { prepare: 'x', test: 'y' } }, {}],
  ['a platform as text', { os: 'linux' }, { os: ['linux'] }],
])('%s', (_, packageJson, index) => {
  expect(differ(packageJson, index)).toEqual([]);
  expect(differ(index, packageJson)).toEqual([]);
});

test.each<[fields: readonly string[], packageJson: object, index: object]>([
  [['name'], { name: 'other' }, {}],
  [['version'], { version: '1.2.4' }, {}],
  [['dependencies'], { dependencies: { evil: '1' } }, {}],
  [['dependencies'], { dependencies: { a: '1' } }, { dependencies: { a: '2' } }],
  [['dependencies'], { dependencies: { a: 'npm:evil@1' } }, { dependencies: { a: '1' } }],
  [['dependencies'], { dependencies: { a: 'u/r' } }, { dependencies: { a: 'u/q' } }],
  [
    ['dependencies', 'optionalDependencies'],
    { dependencies: { a: '1' } },
    { optionalDependencies: { a: '1' } },
  ],
  [['peerDependencies'], { peerDependencies: { a: '1' } }, {}],
  [
    ['peerDependenciesMeta'],
    { peerDependencies: { a: '1' } },
    { peerDependencies: { a: '1' }, peerDependenciesMeta: { a: { optional: true } } },
  ],
  [
    ['bundleDependencies'],
    { dependencies: { a: '1' }, bundleDependencies: ['a'] },
    { dependencies: { a: '1' }, bundleDependencies: false },
  ],
  [['bin'], { bin: { a: 'x' } }, { bin: { a: 'y' } }],
  [['bin'], { bin: { git: 'x' } }, {}],
  [['bin'], { directories: { bin: 'bin' } }, { directories: { bin: 'bin' }, bin: { git: 'lib/git' } }],
  [['bin'], { directories: { bin: 'bin' } }, { directories: { bin: 'bin' }, bin: { git: 'bin/a' } }],
  [['directories'], { directories: { bin: 'bin' } }, {}],
  [['scripts'], { scripts: { preinstall: 'x' } }, {}],
  [['scripts'], { scripts: { install: ['x'] } }, {}],
  [['scripts'], { scripts: { postinstall: 'x' } }, { scripts: { postinstall: 'y' } }],
  [['os'], { os: ['linux'] }, {}],
  [['cpu'], { cpu: ['x64'] }, { cpu: ['arm64'] }],
])('%j differ', (fields, packageJson, index) => {
  expect(differ(packageJson, index)).toEqual(fields);
  expect(differ(index, packageJson)).toEqual(fields);
});

describe('hostile manifests', () => {
  test('names of Object.prototype are names like others', () => {
    const own = JSON.parse('{"dependencies":{"__proto__":"1","constructor":"2"}}');
    expect(differ(own, {})).toEqual(['dependencies']);
    expect(installManifestOf(JSON.parse('{"__proto__":{"dependencies":{"a":"1"}}}'))).toBe(
      installManifestOf({}),
    );
  });

  test('anything may stand anywhere', () => {
    for (const odd of [1, true, null, 'x', [null, 1, ['a']], { a: { b: 1 } }]) {
      const all = Object.fromEntries(
        Object.keys(JSON.parse(installManifestOf({}))).map((field) => [field, odd]),
      );
      expect(differingFields(installManifestOf(all), installManifestOf(all))).toEqual([]);
    }
  });
});
