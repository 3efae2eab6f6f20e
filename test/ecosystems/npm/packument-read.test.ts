import { describe, expect, test } from 'vitest';
import { IndexUnreadable } from '../../../src/ecosystems/ecosystem.ts';
import { npm } from '../../../src/ecosystems/npm/npm.ts';
import { readSpec } from '../../../src/ecosystems/npm/specs.ts';
import { manifest, nameOf, packument, read } from './packument.ts';

/** Reads one version whose manifest has these fields; undefined where it was left out. */
function one(fields: object, rest: object = {}) {
  const versions = { '1.0.0': manifest('aa', '1.0.0', fields) };
  return read(packument('aa', ['1.0.0'], { versions, ...rest })).files.get('aa-1.0.0.tgz');
}

function dist(fields: object) {
  return one({ dist: { tarball: 'https://files.example.invalid/aa.tgz', ...fields } });
}

describe('an index that is none', () => {
  test.each([
    ['no JSON', '{'],
    ['empty', ''],
    ['HTML', '<html></html>'],
    ['an array', []],
    ['null', null],
    ['another name', packument('bb', ['1.0.0'])],
    ['no name', { versions: {}, 'dist-tags': {} }],
    ['an inherited name', { __proto__: { name: 'aa' }, versions: {}, 'dist-tags': {} }],
    ['no versions', { name: 'aa', 'dist-tags': {} }],
    ['versions in an array', packument('aa', [], { versions: [] })],
    ['no dist-tags', packument('aa', ['1.0.0'], { 'dist-tags': undefined })],
    ['dist-tags in an array', packument('aa', ['1.0.0'], { 'dist-tags': [] })],
    ['time in an array', packument('aa', ['1.0.0'], { time: [] })],
    ['an error document', { error: 'not found' }],
  ])('%s', (_, document) => {
    expect(() => read(document)).toThrow(IndexUnreadable);
  });

  test('bytes that are not UTF-8', () => {
    const document = Buffer.from(JSON.stringify(packument('aa', ['1.0.0'], { readme: 'x' })), 'utf8');
    document[document.indexOf('x"')] = 0xff;
    expect(() => npm.readIndex(nameOf('aa'), document)).toThrow(IndexUnreadable);
  });

  test('more than 100,000 versions', () => {
    const versions = Object.fromEntries(Array.from({ length: 100_001 }, (_, i) => [`1.0.${i}`, 0]));
    expect(() => read(packument('aa', [], { versions }))).toThrow(IndexUnreadable);
  });
});

test('an unpublished package is an index without files', () => {
  const listing = read({ name: 'aa', time: { unpublished: { name: 'x' } } });
  expect(listing.files.size).toBe(0);
});

describe('a release that cannot be read is left out, the others stay', () => {
  test.each([
    ['no object', null],
    ['another version', manifest('aa', '1.0.1')],
    ['another name', manifest('bb', '1.0.0')],
    ['no dist', manifest('aa', '1.0.0', { dist: undefined })],
    ['a tarball without address', manifest('aa', '1.0.0', { dist: { integrity: 'x' } })],
    ['a file address', manifest('aa', '1.0.0', { dist: { tarball: 'file:///etc/passwd' } })],
    ['a relative address', manifest('aa', '1.0.0', { dist: { tarball: '/aa.tgz' } })],
    [
      'an address with a password',
      manifest('aa', '1.0.0', { dist: { tarball: 'https://u:p@h.invalid/a.tgz' } }),
    ],
    ['dependencies in an array', manifest('aa', '1.0.0', { dependencies: ['bb'] })],
    ['dependencies in a text', manifest('aa', '1.0.0', { dependencies: 'bb' })],
    ['a dependency without spec', manifest('aa', '1.0.0', { dependencies: { bb: 1 } })],
    [
      'a dependency with a sentence for a spec',
      manifest('aa', '1.0.0', { dependencies: { bb: 'run this now' } }),
    ],
    ['a dependency with a bad name', manifest('aa', '1.0.0', { dependencies: { '../bb': '1' } })],
    ['a peer with a bad spec', manifest('aa', '1.0.0', { peerDependencies: { bb: 'a b' } })],
    ['an optional one with a bad spec', manifest('aa', '1.0.0', { optionalDependencies: { bb: 'a\u0000' } })],
  ])('%s', (_, broken) => {
    const versions = { '1.0.0': broken, '2.0.0': manifest('aa', '2.0.0') };
    expect([...read(packument('aa', [], { versions })).files.keys()]).toEqual(['aa-2.0.0.tgz']);
  });

  test.each(['v1.0.0', '1.0', '1.0.0+build', '01.0.0', '__proto__', 'constructor', ''])(
    'under the key %j',
    (key) => {
      const versions = JSON.parse(`{${JSON.stringify(key)}: ${JSON.stringify(manifest('aa', key))}}`);
      expect(read(packument('aa', [], { versions })).files.size).toBe(0);
    },
  );
});

describe('what a file is listed with', () => {
  test('the conventional file name, whatever the upstream calls it', () => {
    const file = dist({ tarball: 'https://files.example.invalid/x/odd%20name.tar?y' });
    expect(file).toMatchObject({
      filename: 'aa-1.0.0.tgz',
      version: '1.0.0',
      kind: 'npm-tarball',
      url: 'https://files.example.invalid/x/odd%20name.tar?y',
      size: null,
      yanked: false,
      metadataDigest: null,
    });
    const versions = { '1.0.0': manifest('@s/n', '1.0.0') };
    expect([...read(packument('@s/n', [], { versions }), '@s/n').files.keys()]).toEqual(['n-1.0.0.tgz']);
  });

  test('sha512 and sha256 are digests, sha1 and junk are none', () => {
    const sha512 = `sha512-${Buffer.alloc(64, 1).toString('base64')}`;
    const sha256 = `sha256-${Buffer.alloc(32, 1).toString('base64')}`;
    expect(dist({ integrity: `${sha256} ${sha512}` })?.digests).toEqual([
      `sha512:${'01'.repeat(64)}`,
      `sha256:${'01'.repeat(32)}`,
    ]);
    for (const integrity of [
      undefined,
      '',
      5,
      'sha1-qqqqqqqqqqqqqqqqqqqqqqqqqqo=',
      'sha512-AAAA',
      'md5-x',
      `${sha512} `.repeat(60),
    ]) {
      expect(dist({ integrity, shasum: 'a'.repeat(40) })?.digests).toEqual([]);
    }
  });

  test.each([
    ['2024-02-27T01:02:03Z', Date.UTC(2024, 1, 27, 1, 2, 3)],
    ['2024-02-27T01:02:03.456Z', Date.UTC(2024, 1, 27, 1, 2, 3, 456)],
    ['2024-02-27T01:02:03.456789+00:00', Date.UTC(2024, 1, 27, 1, 2, 3, 456)],
    ['2024-02-27T01:02:03+02:00', Date.UTC(2024, 1, 26, 23, 2, 3)],
    ['2024-02-27T01:02:03-0530', Date.UTC(2024, 1, 27, 6, 32, 3)],
    ['2024-02-27T01:02:03', null],
    ['2024-02-27', null],
    ['27 Feb 2024', null],
    ['2024-13-27T01:02:03Z', null],
    ['1709000000000', null],
    [1709000000000, null],
    [null, null],
    ['', null],
  ])('time %j', (time, expected) => {
    expect(one({}, { time: { '1.0.0': time } })?.claimedAt).toBe(expected);
  });

  test('no time at all is no time', () => {
    expect(one({}, { time: undefined })?.claimedAt).toBeNull();
    expect(one({}, { time: { created: '2020-01-01T00:00:00Z' } })?.claimedAt).toBeNull();
  });

  test.each([
    [{ scripts: { preinstall: 'x' } }, true],
    [{ scripts: { install: 'x' } }, true],
    [{ scripts: { postinstall: 'x' } }, true],
    [{ scripts: { postinstall: ['x'] } }, true],
    [{ hasInstallScript: true }, true],
    [{ hasInstallScript: 'yes' }, true],
    [{ gypfile: true }, true],
    [{ scripts: { prepare: 'x', test: 'x', prepublish: 'x' } }, false],
    [{ scripts: { install: '' } }, false],
    [{ scripts: [] }, false],
    [{ hasInstallScript: false, gypfile: false }, false],
    [{}, false],
  ])('%j runs code when installed: %s', (fields, expected) => {
    expect(one(fields)?.installScripts).toBe(expected);
  });

  test.each(['dependencies', 'optionalDependencies', 'peerDependencies'])('an address in %s', (field) => {
    expect(one({ [field]: { bb: '^1.0.0', cc: 'github:a/b' } })?.directUrls).toBe(true);
    expect(one({ [field]: { bb: '^1.0.0', cc: 'npm:dd@^2' } })?.directUrls).toBe(false);
    expect(one({ [field]: { bb: '1', cc: 'npm:dd@^2', ee: 'npm:@s/a', ff: 'npm:dd@1' } })?.aliases).toEqual([
      '@s/a',
      'dd',
    ]);
    expect(one({ [field]: { bb: '1' } })?.aliases).toBeUndefined();
    // What cannot all be told is as good as an address.
    const many = Object.fromEntries(Array.from({ length: 65 }, (_, n) => [`a${n}`, `npm:b${n}@1`]));
    expect(one({ [field]: many })).toMatchObject({ directUrls: true, aliases: { length: 64 } });
    expect(one({ devDependencies: { bb: 'git+ssh://h.invalid/a' } })?.directUrls).toBe(false);
  });

  test.each([[[]], [{}], [''], [null], [false]])('%j for dependencies is none', (dependencies) => {
    expect(one({ dependencies })?.directUrls).toBe(false);
  });
});

describe('the kind of a dependency spec', () => {
  test.each([
    'https://h.invalid/a.tgz',
    'HTTP://h.invalid/a.tgz',
    'git://h.invalid/a',
    'git+https://h.invalid/a.git#semver:^1',
    'git@h.invalid:a/b.git',
    'github:a/b',
    'gitlab:a/b',
    'a/b',
    'a/b#1.0.0',
    'file:../x',
    'link:../x',
    'workspace:*',
    'catalog:',
    'portal:x',
    'jsr:1',
    './x',
    '../x',
    '/x',
    '~/x',
    'C:x',
    'x.tgz',
    'x.tar.gz',
    'X.TAR',
  ])('%s is direct', (spec) => expect(readSpec(spec)?.kind).toBe('direct'));

  test.each([
    '',
    '*',
    'x',
    '1',
    '1.0.0',
    '^1.0.0',
    ' >= 1.0.0 <2.0.0 || 3.x ',
    '1.0.0 - 2.0.0',
    '~1.2',
    '1.0.0rc1',
    'latest',
    'next-11',
    'constructor',
    'npm:bb@^1',
    'npm:@s/n@>=1 <2',
    'npm:bb',
    'npm:bb@latest',
  ])('%j is from the registry', (spec) => expect(readSpec(spec)?.kind).toBe('registry'));

  test.each([
    'ignore the above',
    'a\nb',
    'é',
    'npm:',
    'npm:../x@1',
    'npm:bb@https://h.invalid/',
    'npm:bb@npm:cc@1',
    `x/${'a'.repeat(600)}`,
    '1 || '.repeat(500),
  ])('%j is none', (spec) => expect(readSpec(spec)).toBeNull());
});

test.each([
  ['^1.0.0', '^1.0.0'],
  [' >= 1 <2 ', '>= 1 <2'],
  ['1.0.0rc1', '1.0.0-rc1'],
  ['run this 1', '>=1.0.0 <2.0.0-0'],
  ['npm:bb@run this 1.2.3', 'npm:bb@1.2.3'],
  ['NPM:bb', 'NPM:bb'],
])('the spec %j is served as %j', (spec, text) => {
  expect(readSpec(spec)).toMatchObject({ kind: 'registry', text });
});

test('tags that are no tags are not kept', () => {
  const tags = JSON.parse(
    '{"latest":"1.0.0","__proto__":"1.0.0","constructor":"1.0.0","2.0.0":"1.0.0","a b":"1.0.0","x":"v1","y":5}',
  );
  const listing = read(packument('aa', ['1.0.0'], { 'dist-tags': tags }));
  expect([...listing.document.tags.keys()]).toEqual(['latest', 'constructor']);
});

test('releases are in the order of semver', () => {
  const listing = read(
    packument('aa', ['1.10.0', '2.0.0-rc.1', '1.9.0', '2.0.0', '2.0.0-beta.10', '2.0.0-beta.9']),
  );
  expect(listing.document.releases.map((release) => release.version)).toEqual([
    '1.9.0',
    '1.10.0',
    '2.0.0-beta.9',
    '2.0.0-beta.10',
    '2.0.0-rc.1',
    '2.0.0',
  ]);
});

test('the request for an index', () => {
  expect(npm.indexRequest(nameOf('@s/n'))).toEqual({ path: '@s%2fn', accept: 'application/json' });
});
