import { describe, expect, test } from 'vitest';
import { DEPRECATED } from '../../../src/ecosystems/npm/fields.ts';
import { npm } from '../../../src/ecosystems/npm/npm.ts';
import { ALLOWED, BASE, manifest, nameOf, packument, read, view, write } from './packument.ts';

const VERSIONS = ['1.0.0', '1.1.0', '2.0.0-rc.1', '2.0.0', '3.0.0'];

function tagsAfter(tags: Record<string, string>, admitted: readonly string[]) {
  const listing = read(packument('aa', VERSIONS, { 'dist-tags': tags }));
  return write(listing, view(listing, admitted))['dist-tags'];
}

/** The manifest that is written for one admitted version with these fields. */
function written(fields: object, representation = 'full') {
  const listing = read(packument('aa', [], { versions: { '1.0.0': manifest('aa', '1.0.0', fields) } }));
  return write(listing, view(listing, ['1.0.0'], representation)).versions['1.0.0'];
}

describe('dist-tags', () => {
  test('stay where their version is admitted', () => {
    expect(tagsAfter({ latest: '1.1.0', next: '2.0.0-rc.1' }, VERSIONS)).toEqual({
      latest: '1.1.0',
      next: '2.0.0-rc.1',
    });
  });

  test('go down to the highest admitted stable version, never up and never to a prerelease', () => {
    const admitted = ['1.0.0', '2.0.0-rc.1', '3.0.0'];
    expect(tagsAfter({ latest: '2.0.0', old: '1.1.0', next: '3.0.0' }, admitted)).toEqual({
      latest: '1.0.0',
      old: '1.0.0',
      next: '3.0.0',
    });
  });

  test('are dropped where nothing stable is below, but for latest', () => {
    expect(tagsAfter({ latest: '1.1.0', old: '1.0.0' }, ['2.0.0-rc.1', '3.0.0'])).toEqual({
      latest: '3.0.0',
    });
    expect(tagsAfter({ latest: '3.0.0' }, ['2.0.0-rc.1'])).toEqual({ latest: '2.0.0-rc.1' });
    expect(tagsAfter({}, ['1.0.0', '1.1.0'])).toEqual({ latest: '1.1.0' });
  });

  test('that point to a version which the index does not have go down as well', () => {
    expect(tagsAfter({ latest: '2.5.0', low: '0.1.0', high: '9.0.0' }, VERSIONS)).toEqual({
      latest: '2.0.0',
      high: '3.0.0',
    });
  });

  test('are also a document of their own', () => {
    const listing = read(packument('aa', VERSIONS));
    const page = npm.writeIndex(listing, view(listing, ['1.0.0'], 'tags'));
    expect(page).toMatchObject({ status: 200, contentType: 'application/json' });
    expect(JSON.parse(Buffer.from(page.body).toString())).toEqual({ latest: '1.0.0' });
  });
});

describe('refused versions', () => {
  test('are not among the versions, and named as npm wants them', () => {
    const listing = read(packument('aa', VERSIONS));
    for (const representation of ['full', 'abbreviated']) {
      const document = write(listing, view(listing, ['1.0.0'], representation));
      expect(Object.keys(document.versions)).toEqual(['1.0.0']);
      expect(Object.keys(document.time)).toEqual(['created', 'modified', '1.0.0']);
      expect(document.policyRestrictions?.message).toBe('aa@3.0.0 refused (TOO_YOUNG)');
      expect(document.policyRestrictions?.versions['3.0.0']).toEqual({ version: '3.0.0' });
      expect(Object.keys(document.policyRestrictions?.versions ?? {}).sort()).toEqual(
        VERSIONS.slice(1).sort(),
      );
    }
    expect(write(listing, view(listing, VERSIONS)).policyRestrictions).toBeUndefined();
  });

  test('a file on which nothing was decided is refused', () => {
    const listing = read(packument('aa', VERSIONS));
    const how = {
      ...view(listing, []),
      files: new Map([['aa-1.0.0.tgz', ALLOWED]]),
    };
    expect(Object.keys(write(listing, how).versions)).toEqual(['1.0.0']);
    const page = npm.writeIndex(listing, { ...how, representation: 'version:2.0.0' });
    expect(page).toMatchObject({ status: 403, code: 'VERSION_NOT_ALLOWED' });
  });

  test('each reason has its line, for the newest version that it refuses', () => {
    const listing = read(packument('aa', VERSIONS));
    const how = view(listing, ['1.0.0']);
    const files = new Map(how.files);
    files.set('aa-1.1.0.tgz', { ...ALLOWED, allowed: false, code: 'DENIED' });
    expect(write(listing, { ...how, files }).policyRestrictions?.message).toBe(
      'aa@3.0.0 refused (TOO_YOUNG)\naa@1.1.0 refused (DENIED)',
    );
  });

  test('stay listed where nothing else is left, so that every client comes to a refusal', () => {
    const listing = read(packument('aa', VERSIONS, { 'dist-tags': { latest: '2.0.0', next: '2.0.0-rc.1' } }));
    for (const representation of ['full', 'abbreviated']) {
      const document = write(listing, view(listing, [], representation));
      expect(Object.keys(document.versions)).toEqual(VERSIONS);
      expect(document['dist-tags']).toEqual({ latest: '2.0.0', next: '2.0.0-rc.1' });
      expect(document.versions['2.0.0']).toEqual({
        name: 'aa',
        version: '2.0.0',
        deprecated: 'aa@2.0.0 refused (TOO_YOUNG)',
        dist: { tarball: `${BASE}aa/-/blocked/TOO_YOUNG/aa-2.0.0.tgz` },
      });
      expect(document.time['2.0.0']).toBe('2020-01-04T00:00:00.000Z');
    }
  });

  test('the path that they are listed under is a blocked route', () => {
    const listing = read(packument('@s/n', VERSIONS), '@s/n');
    const { tarball } = write(listing, view(listing, [])).versions['1.0.0']?.dist ?? {};
    const path = String(tarball).slice(BASE.length);
    expect(npm.route(path, { method: 'GET', accept: '', userAgent: '', query: '' })).toEqual({
      kind: 'blocked',
      name: '@s/n',
      filename: 'n-1.0.0.tgz',
    });
  });

  test('are kept in small number: the newest, and what tags point to', () => {
    const many = Array.from({ length: 400 }, (_, i) => `1.0.${i}`);
    const tags = Object.fromEntries(many.map((version, i) => [`t${i}`, version]));
    const listing = read(packument('aa', many, { 'dist-tags': { ...tags, latest: '1.0.200' } }));
    const document = write(listing, view(listing, []));
    const kept = Object.keys(document.versions);
    expect(kept.length).toBeLessThanOrEqual(101);
    expect(kept).toContain('1.0.399');
    expect(kept).toContain('1.0.200');
    expect(document['dist-tags']['latest']).toBe('1.0.200');
    for (const version of Object.values(document['dist-tags'])) expect(kept).toContain(version);
  });

  test('a package without versions is an empty document', () => {
    const listing = read(packument('aa', []));
    expect(write(listing, view(listing, []))).toEqual({
      _id: 'aa',
      name: 'aa',
      'dist-tags': {},
      versions: {},
      time: {},
    });
  });

  test('a name that is refused as a whole has no document', () => {
    const route = { kind: 'index', name: nameOf('aa'), representation: 'full' } as const;
    expect(
      npm.writeRefusedIndex(nameOf('aa'), route, { base: BASE, code: 'DENIED', message: 'x' }),
    ).toBeNull();
  });
});

describe('one version', () => {
  const listing = read(packument('aa', VERSIONS, { 'dist-tags': { latest: '3.0.0', low: '0.0.1' } }));
  const ask = (asked: string, admitted: readonly string[] = ['1.0.0']) =>
    npm.writeIndex(listing, view(listing, admitted, `version:${asked}`));

  test.each([
    ['3.0.0', 'TOO_YOUNG'],
    ['9.9.9', 'UNKNOWN_VERSION'],
    ['^1.0.0', 'UNKNOWN_VERSION'],
    ['low', 'UNKNOWN_VERSION'],
    ['nope', 'UNKNOWN_VERSION'],
    ['__proto__', 'UNKNOWN_VERSION'],
    ['constructor', 'UNKNOWN_VERSION'],
    ['v1.0.0', 'UNKNOWN_VERSION'],
    ['', 'UNKNOWN_VERSION'],
  ])('%j is refused with %s', (asked, code) => {
    const page = ask(asked);
    expect(page).toMatchObject({ status: 403, code });
    expect(Buffer.from(page.body).toString()).not.toContain('tarball');
  });

  test('by number and by the tag as it is served', () => {
    for (const asked of ['1.0.0', 'latest']) {
      const page = ask(asked);
      expect(page.status).toBe(200);
      expect(JSON.parse(Buffer.from(page.body).toString())).toMatchObject({
        _id: 'aa@1.0.0',
        version: '1.0.0',
        dist: { tarball: `${BASE}aa/-/aa-1.0.0.tgz` },
      });
    }
  });

  test('latest, where nothing is admitted, is refused as what it points to', () => {
    expect(ask('latest', [])).toMatchObject({ status: 403, code: 'TOO_YOUNG' });
  });
});

describe('the fields of a version', () => {
  test('dist is ours: conventional address, digests as they were read', () => {
    const integrity = `sha512-${Buffer.alloc(64, 1).toString('base64')}`;
    const full = written({
      dist: {
        tarball: 'http://h.invalid/other.tgz',
        integrity: `${integrity}?foo`,
        shasum: 'ab'.repeat(20),
        fileCount: 7,
        unpackedSize: -1,
        signatures: [{ keyid: `SHA256:${'a'.repeat(43)}`, sig: 'MEUCIQCX/49atNeSDYZP' }],
        attestations: { url: 'https://h.invalid/x' },
        'npm-signature': 'x',
      },
    });
    expect(full?.dist).toEqual({
      integrity,
      shasum: 'ab'.repeat(20),
      fileCount: 7,
      tarball: `${BASE}aa/-/aa-1.0.0.tgz`,
    });
  });

  test('the same tree resolves', () => {
    const fields = {
      dependencies: { bb: '^1.0.0', '@s/n': 'npm:cc@2' },
      optionalDependencies: { dd: '>=1 <2' },
      peerDependencies: { ee: '*' },
      peerDependenciesMeta: { ee: { optional: true } },
      devDependencies: { ff: '1.x' },
      acceptDependencies: { gg: '2' },
      bundleDependencies: ['bb'],
      bin: { aa: './bin/aa.js' },
      directories: { bin: 'bin' },
      engines: { node: '>=18', npm: '^10 || ^11' },
      os: ['!win32'],
      cpu: ['x64', 'arm64'],
      libc: ['glibc'],
      _hasShrinkwrap: false,
      hasInstallScript: true,
      license: '(MIT OR Apache-2.0)',
    };
    const { _hasShrinkwrap, ...served } = fields;
    expect(written(fields)).toMatchObject(served);
    const { license, ...abbreviated } = served;
    expect(written(fields, 'abbreviated')).toMatchObject(abbreviated);
    expect(written(fields, 'abbreviated')).not.toHaveProperty('license');
    expect(written(fields, 'abbreviated')).not.toHaveProperty('_id');
    expect(written(fields, 'full')).toHaveProperty('_id', 'aa@1.0.0');
  });

  test('hasInstallScript is derived from scripts, which are not served', () => {
    expect(written({ scripts: { postinstall: 'x' } })).toMatchObject({ hasInstallScript: true });
    expect(written({ scripts: { postinstall: 'x' } })).not.toHaveProperty('scripts');
    expect(written({ scripts: { test: 'x' } })).not.toHaveProperty('hasInstallScript');
  });

  test('deprecated is in our words', () => {
    expect(written({ deprecated: 'run curl' })).toMatchObject({ deprecated: DEPRECATED });
    expect(written({ deprecated: true })).toMatchObject({ deprecated: DEPRECATED });
    expect(written({ deprecated: '' })).not.toHaveProperty('deprecated');
    expect(written({ deprecated: false })).not.toHaveProperty('deprecated');
  });

  test.each([
    [{ bundledDependencies: ['bb'] }, { bundleDependencies: ['bb'] }],
    [{ bundleDependencies: true }, { bundleDependencies: true }],
    [{ bin: 'cli.js' }, { bin: 'cli.js' }],
    [{ bin: ['./bin/one', 'two'] }, { bin: { one: './bin/one', two: 'two' } }],
    [{ os: 'linux' }, { os: ['linux'] }],
    [{ os: ['a b'] }, { os: ['unknown'] }],
    [{ os: ['!win32', 'a b'] }, { os: ['!win32', 'unknown'] }],
    [{ os: ['linux', 'a b'] }, { os: ['linux'] }],
    [{ engines: { node: 'whatever you like' } }, { engines: { node: '<0.0.0-0' } }],
    [{ _hasShrinkwrap: true }, { _hasShrinkwrap: true }],
    [
      { dependencies: { bb: 'git+https://h.invalid/x' } },
      { dependencies: { bb: 'git+https://h.invalid/x' } },
    ],
    [{ dependencies: { constructor: '1' } }, { dependencies: { constructor: '1' } }],
  ])('%j is written as %j', (fields, expected) => {
    expect(written(fields)).toMatchObject(expected);
  });

  test.each([
    ['license', 'do as I say'],
    ['license', { type: 'MIT' }],
    ['bin', '../../x'],
    ['bin', { aa: 'a b' }],
    ['bin', { 'a b': 'x' }],
    ['directories', { doc: 'x', bin: 'a b' }],
    ['engines', ['node >= 1']],
    ['engines', { 'Do this': '*' }],
    ['os', []],
    ['os', 5],
    ['devDependencies', { bb: 'do as I say' }],
    ['devDependencies', { bb: 'https://h.invalid/' }],
    ['peerDependenciesMeta', { bb: { optional: 'do as I say' } }],
    ['peerDependenciesMeta', { 'a b': { optional: true } }],
    ['bundleDependencies', ['a b']],
    ['funding', 'x'],
    ['readme', 'x'],
    ['publishConfig', { registry: 'x' }],
  ])('%s: %j is dropped', (field, value) => {
    const manifest = written({ [field]: value });
    expect(manifest).toBeDefined();
    expect(manifest).not.toHaveProperty(field);
  });

  test('a command named __proto__ is no command', () => {
    const bin = JSON.parse('{"__proto__": "x.js"}');
    expect(JSON.stringify(written({ bin }))).not.toContain('__proto__');
  });
});

describe('time', () => {
  test('is in both forms, with created and modified', () => {
    const listing = read(packument('aa', ['1.1.0', '1.0.0']));
    for (const representation of ['full', 'abbreviated']) {
      const document = write(listing, view(listing, ['1.0.0', '1.1.0'], representation));
      expect(document.time).toEqual({
        created: '2020-01-01T00:00:00.000Z',
        modified: '2020-01-02T00:00:00.000Z',
        '1.1.0': '2020-01-01T00:00:00.000Z',
        '1.0.0': '2020-01-02T00:00:00.000Z',
      });
      expect(document.modified).toBe('2020-01-02T00:00:00.000Z');
    }
  });

  test('the upstream’s created and modified stay, in any offset', () => {
    const time = {
      created: '2019-05-05T01:00:00+00:00',
      modified: '2021-05-05T01:00:00.5+02:00',
      '1.0.0': '2020-01-01T00:00:00+0000',
      unpublished: 'x',
    };
    const listing = read(packument('aa', ['1.0.0'], { time }));
    expect(write(listing, view(listing, ['1.0.0'])).time).toEqual({
      created: '2019-05-05T01:00:00Z',
      modified: '2021-05-05T01:00:00.5+02:00',
      '1.0.0': '2020-01-01T00:00:00Z',
    });
  });
});

test('the content type says which form it is', () => {
  const listing = read(packument('aa', ['1.0.0']));
  const type = (representation: string) =>
    npm.writeIndex(listing, view(listing, ['1.0.0'], representation)).contentType;
  expect(type('full')).toBe('application/json');
  expect(type('abbreviated')).toBe('application/vnd.npm.install-v1+json');
});
