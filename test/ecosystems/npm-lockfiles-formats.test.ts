import { describe, expect, test } from 'vitest';
import { LOCKFILES, readLockfile } from '../../src/ecosystems/lockfiles.ts';
import { digest, notes, refused, specs, sri, tarball } from './npm-lockfiles.ts';

const KEEL = { version: '1.0.1', resolved: tarball('keel', '1.0.1'), integrity: sri('keel') };

test('each file name is claimed by one format at most', () => {
  for (const name of [
    'package-lock.json',
    'npm-shrinkwrap.json',
    'pnpm-lock.yaml',
    'pnpm-lock.main.yaml',
    'yarn.lock',
    'bun.lock',
    'bun.lockb',
  ]) {
    expect(LOCKFILES.filter((format) => format.claims(name))).toHaveLength(1);
  }
  expect(new Set(LOCKFILES.map(({ id }) => id)).size).toBe(LOCKFILES.length);
  expect(refused('readme.txt', 'just words').message).toContain('neither the name nor the content');
});

test("a folder before the name counts for nothing; bun's binary format says what to do", () => {
  const text = JSON.stringify({ lockfileVersion: 3, packages: {} });
  expect(readLockfile('some/where/package-lock.json', text).format).toBe('package-lock v3');
  expect(readLockfile('C:\\where\\npm-shrinkwrap.json', text).format).toBe('package-lock v3');
  expect(refused('bun.lockb', '#!/usr/bin/env bun\nbun-lockfile-format-v0\n\0').message).toContain(
    'bun install --save-text-lockfile',
  );
});

describe('package-lock', () => {
  const read = (lock: object) => readLockfile('package-lock.json', JSON.stringify(lock, null, 2));
  const v3 = (packages: object) =>
    read({ lockfileVersion: 3, packages: { '': { name: 'project' }, ...packages } });

  test('one version in several places is one package', () => {
    const lock = v3({
      'node_modules/keel': KEEL,
      'node_modules/a/node_modules/keel': { ...KEEL, resolved: undefined, hasInstallScript: true },
    });
    expect(lock.packages).toMatchObject([
      { digests: [digest('keel')], resolved: KEEL.resolved, installScripts: true },
    ]);
    expect(() =>
      v3({
        'node_modules/keel': KEEL,
        'node_modules/a/node_modules/keel': { ...KEEL, integrity: sri('leek') },
      }),
    ).toThrow('keel@1.0.1 is locked with two different digests');
  });

  test('an older sha1 and a sha512 of one version come together', () => {
    const lock = v3({
      'node_modules/keel': { ...KEEL, integrity: sri('keel', 'sha1') },
      'node_modules/a/node_modules/keel': KEEL,
    });
    expect(lock.packages).toMatchObject([{ digests: [digest('keel')], undigested: null }]);
  });

  test('two addresses of one version are said', () => {
    const other = { ...KEEL, resolved: tarball('keel', '1.0.1', 'mirror.example') };
    expect(notes(v3({ 'node_modules/keel': KEEL, 'node_modules/a/node_modules/keel': other }))).toContain(
      'keel@1.0.1 is locked from two different addresses',
    );
  });

  test('the same version from elsewhere is another thing', () => {
    const lock = v3({
      'node_modules/keel': KEEL,
      'node_modules/a/node_modules/keel': {
        version: '1.0.1',
        resolved: 'git+ssh://git@git.example/keel.git#abc',
        integrity: sri('leek'),
      },
    });
    expect(lock.packages.map(({ source, digests }) => [source, digests])).toEqual([
      ['git', []],
      ['registry', [digest('keel')]],
    ]);
  });

  test('folders of the project are the project, folders beside it are said', () => {
    const lock = v3({
      'packages/a': { version: '1.0.0' },
      'node_modules/a': { resolved: 'packages/a', link: true },
      '../beside': { version: '1.0.0' },
      'node_modules/beside': { resolved: '../beside', link: true },
      'node_modules/gone': { resolved: 'packages/gone', link: true },
      'packages/a/node_modules/keel': KEEL,
    });
    expect(specs(lock)).toEqual(['keel@1.0.1']);
    expect(lock.notes.map(({ what }) => what)).toEqual([
      'a folder outside of the project',
      'left out: a link to a folder that is not part of the project',
    ]);
  });

  test('bundled is only what a package bundles, and what nothing fetches', () => {
    const inside = { version: '1.0.1', inBundle: true };
    const bundles = { version: '1.0.0', bundleDependencies: ['keel'] };
    expect(
      specs(v3({ 'node_modules/hull': bundles, 'node_modules/hull/node_modules/keel': inside })),
    ).toEqual(['hull@1.0.0']);
    for (const packages of [
      { 'node_modules/keel': inside },
      { 'node_modules/hull': { version: '1.0.0' }, 'node_modules/hull/node_modules/keel': inside },
      { 'node_modules/hull': bundles, 'node_modules/hull/node_modules/keel': { ...inside, ...KEEL } },
      {
        'node_modules/hull': { version: '1.0.0', bundleDependencies: [] },
        'node_modules/hull/node_modules/keel': inside,
      },
    ]) {
      expect(specs(v3(packages))).toContain('keel@1.0.1');
    }
  });

  test('all groups are locked: dev, optional, peer, of other platforms', () => {
    const lock = v3({
      'node_modules/keel': { ...KEEL, dev: true, optional: true, peer: true, os: ['aix'], cpu: ['none'] },
    });
    expect(specs(lock)).toEqual(['keel@1.0.1']);
  });

  test('the two halves of v2: what they disagree on is said', () => {
    const both = (dependencies: object) =>
      read({ lockfileVersion: 2, packages: { 'node_modules/keel': KEEL }, dependencies });
    expect(both({ keel: KEEL }).notes).toEqual([]);
    for (const other of [
      { ...KEEL, version: '1.0.2' },
      { ...KEEL, integrity: sri('leek') },
      { ...KEEL, resolved: tarball('keel', '1.0.1', 'elsewhere.example') },
      { ...KEEL, version: 'npm:leek@1.0.1' },
    ]) {
      const lock = both({ keel: other });
      expect(lock.packages).toMatchObject([
        { version: '1.0.1', digests: [digest('keel')], resolved: KEEL.resolved },
      ]);
      expect(notes(lock)).toContain('say different things');
    }
    expect(notes(both({ keel: KEEL, leek: KEEL }))).toContain('that "packages" does not have');
  });

  test('v1: inside each other, alias, bundle, address in the place of a version', () => {
    const lock = read({
      lockfileVersion: 1,
      dependencies: {
        hull: { version: '1.0.0', dependencies: { keel: KEEL, inside: { version: '1.0.0', bundled: true } } },
        alias: { ...KEEL, version: 'npm:@s/leek@2.0.0', resolved: tarball('@s/leek', '2.0.0') },
        local: { version: 'file:local' },
        repository: { version: 'github:fleet/repository#abc' },
      },
    });
    expect(specs(lock)).toEqual(['@s/leek@2.0.0', 'hull@1.0.0', 'keel@1.0.1']);
    expect(notes(lock)).toMatch(
      /local comes from a file[\s\S]*repository comes from a git[\s\S]*1 package: left out/,
    );
  });

  test.each([
    ['a version that is not known', { lockfileVersion: 4, packages: {} }],
    ['no packages', { lockfileVersion: 3 }],
    ['packages that are a list', { lockfileVersion: 3, packages: [] }],
    ['an entry that is none', { lockfileVersion: 3, packages: { 'node_modules/a': null } }],
    [
      'an address that is a number',
      { lockfileVersion: 3, packages: { 'node_modules/a': { version: '1.0.0', resolved: 7 } } },
    ],
    [
      'an integrity that is a list',
      { lockfileVersion: 3, packages: { 'node_modules/a': { version: '1.0.0', integrity: [] } } },
    ],
  ])('unreadable: %s', (_what, lock) => {
    expect(refused('package-lock.json', JSON.stringify(lock)).message).not.toBe('');
  });
});

describe('pnpm-lock', () => {
  const read = (text: string) => readLockfile('pnpm-lock.yaml', text);
  const resolution = `    resolution: {integrity: ${sri('keel')}}\n`;

  test('keys with peers, in every version', () => {
    const keys = {
      '5.1': ['/@s/keel/1.0.1/hull@1.0.0', '/@s/keel/1.0.1'],
      '5.4': ['/@s/keel/1.0.1_hull@1.0.0', '/@s/keel/1.0.1_abc'],
      '6.0': ['/@s/keel@1.0.1(hull@1.0.0)(@s/x@2.0.0)'],
      '9.0': ['@s/keel@1.0.1'],
    };
    for (const [version, list] of Object.entries(keys)) {
      const lock = read(
        `lockfileVersion: '${version}'\n\npackages:\n\n${list.map((key) => `  '${key}':\n${resolution}`).join('\n')}`,
      );
      expect(specs(lock)).toEqual(['@s/keel@1.0.1']);
      expect(lock.packages[0]?.digests).toEqual([digest('keel')]);
    }
    expect(
      read(`lockfileVersion: 5.4-inlineSpecifiers\npackages:\n\n  /keel/1.0.1:\n${resolution}`).format,
    ).toBe('pnpm-lock v5.4');
  });

  test('a key and fields that name two packages', () => {
    for (const more of ['    name: leek\n', '    version: 1.0.2\n']) {
      expect(
        refused('pnpm-lock.yaml', `lockfileVersion: '6.0'\npackages:\n\n  /keel@1.0.1:\n${resolution}${more}`)
          .line,
      ).toBe(4);
    }
  });

  test('what is from no registry, patched, or only in one section', () => {
    const lock = read(
      "lockfileVersion: '9.0'\n\npatchedDependencies:\n  keel: {hash: abc, path: x.patch}\n\npackages:\n\n" +
        `  keel@1.0.1:\n${resolution}\n` +
        '  dir@file:x:\n    resolution: {directory: x, type: directory}\n\n' +
        '  node@runtime:22.0.0:\n    resolution: {type: variations}\n    version: 22.0.0\n\n' +
        'snapshots:\n\n  keel@1.0.1(patch_hash=abc)(hull@1.0.0): {}\n\n  gone@1.0.0: {}\n',
    );
    expect(lock.packages.map(({ name, source }) => `${name} ${source}`)).toEqual([
      'keel registry',
      'node url',
    ]);
    expect(notes(lock)).toMatch(
      /dir comes from a file[\s\S]*"snapshots"[\s\S]*1 package: the project changes/,
    );
  });

  test("pnpm's own needs are a document in front", () => {
    const one = (name: string) => `lockfileVersion: '9.0'\n\npackages:\n\n  ${name}@1.0.1:\n${resolution}`;
    const lock = read(`---\n${one('keel')}\n---\n${one('hull')}`);
    expect(lock.packages.map(({ name, line }) => [name, line])).toEqual([
      ['hull', 14],
      ['keel', 6],
    ]);
  });

  test('an empty project', () => {
    expect(read("lockfileVersion: '9.0'\n\nimporters:\n\n  .: {}\n").packages).toEqual([]);
    expect(refused('pnpm-lock.yaml', "lockfileVersion: '7.0'\n").message).toContain('version 5, 6 or 9');
  });
});

describe('yarn.lock', () => {
  const classic = (text: string) => readLockfile('yarn.lock', `# yarn lockfile v1\n\n\n${text}`);
  const berry = (entries: string) => readLockfile('yarn.lock', `__metadata:\n  version: 8\n\n${entries}`);
  const entry = (key: string, resolution: string, version = '1.0.1') =>
    `"${key}":\n  version: ${version}\n  resolution: "${resolution}"\n  checksum: 10c0/ab\n  linkType: hard\n`;

  test('1: several patterns, an alias, only a sha1, a mirror, a folder', () => {
    const lock = classic(
      `keel@1, "keel@^1.0.0", "k2@npm:keel@1":\n  version "1.0.1"\n  resolved "${tarball('keel', '1.0.1')}#${'a'.repeat(40)}"\n\n` +
        '"@s/hull@1":\n  version "1.0.0"\n  resolved "@s-hull-1.0.0.tgz#abc"\n\n' +
        'local@./local:\n  version "0.0.0"\n\n"web@https://files.example/web.tgz":\n  version "2.0.0"\n  resolved "https://files.example/web.tgz#abc"\n',
    );
    expect(
      lock.packages.map(({ name, source, undigested, line }) => [name, source, undigested, line]),
    ).toEqual([
      ['@s/hull', 'registry', 'none', 8],
      ['keel', 'registry', 'weak', 4],
      ['local', 'file', 'none', 12],
      ['web', 'url', 'none', 15],
    ]);
    expect(notes(lock)).toContain('1 package: are locked by a sha1');
  });

  test('1: an entry for two packages, and lines that yarn does not write', () => {
    const fault = (text: string) => refused('yarn.lock', `# yarn lockfile v1\n${text}`);
    expect(fault('keel@1, hull@1:\n  version "1.0.0"\n').message).toContain('two different packages');
    for (const text of [
      'keel@1:\n\tversion "1"\n',
      'keel@1\n',
      'keel@1:\n  version "1" "2"\n',
      'keel@1:\n   version "1"\n',
      '  version "1"\n',
      'keel@1:\n    a "1"\n',
      'keel@1:\n  version "1\n',
      'keel@1: hull@1:\n',
      'keel@1:\n  version "\\x"\n',
    ]) {
      expect(fault(text).line).toBeGreaterThan(1);
    }
  });

  test('4: protocols', () => {
    const lock = berry(
      [
        entry('project@workspace:.', 'project@workspace:.', '0.0.0-use.local'),
        entry('alias@npm:keel@^1', 'keel@npm:1.0.1'),
        entry(
          'keel@patch:keel@npm%3A1.0.1#~/x.patch',
          'keel@patch:keel@npm%3A1.0.1#~/x.patch::version=1.0.1&hash=ab',
        ),
        entry(
          'only@patch:only@npm%3A2.0.0#~/x.patch',
          'only@patch:only@npm%3A2.0.0#~/x.patch::version=2.0.0',
          '2.0.0',
        ),
        entry('a@portal:../a', 'a@portal:../a::locator=project%40workspace%3A.', '0.0.0-use.local'),
        entry('b@exec:./make.js', 'b@exec:./make.js#./make.js::hash=ab', '1.0.0'),
        entry(
          'c@https://git.example/c.git',
          'c@https://git.example/c.git#commit=0123456789012345678901234567890123456789',
          '1.0.0',
        ),
        entry('d@https://files.example/d.tgz', 'd@https://files.example/d.tgz', '1.0.0'),
        entry(
          'e@npm:1',
          'e@npm:1.0.0::__archiveUrl=https%3A%2F%2Fregistry.example%2Fe%2F-%2Fe-1.0.0.tgz',
          '1.0.0',
        ),
        entry('f@npm:1', 'f@npm:1.0.0::__archiveUrl=https%3A%2F%2Ffiles.example%2Ff.tgz', '1.0.0'),
      ].join('\n'),
    );
    expect(lock.packages.map(({ name, version, source }) => `${name}@${version} ${source}`)).toEqual([
      'a@0.0.0-use.local file',
      'b@1.0.0 file',
      'c@1.0.0 git',
      'd@1.0.0 url',
      'e@1.0.0 registry',
      'f@1.0.0 url',
      'keel@1.0.1 registry',
      'only@2.0.0 registry',
    ]);
    expect(lock.packages.flatMap(({ digests }) => digests)).toEqual([]);
    expect(lock.packages.find(({ name }) => name === 'keel')?.undigested).toBe('of-another-archive');
    expect(lock.packages.find(({ name }) => name === 'e')?.resolved).toBe(tarball('e', '1.0.0'));
    expect(notes(lock)).toContain('2 packages: the project or yarn changes them');
  });

  test('4: two versions in one entry, no resolution', () => {
    const fault = (entries: string) => refused('yarn.lock', `__metadata:\n  version: 8\n\n${entries}`);
    expect(fault(entry('keel@npm:1', 'keel@npm:1.0.2')).message).toContain('two different versions');
    expect(fault('"keel@npm:1":\n  version: 1.0.1\n')).toMatchObject({ line: 4 });
  });
});

describe('bun.lock', () => {
  const read = (packages: string) =>
    readLockfile(
      'bun.lock',
      `{"lockfileVersion": 1, "workspaces": {"": {}}, // a comment\n"packages": {\n${packages}\n}}`,
    );

  test('what is from no registry has no version', () => {
    const lock = read(
      `"keel": ["keel@1.0.1", "", {}, "${sri('keel')}"],\n"project": ["project@workspace:packages/a"],\n"r": ["r@root:", {}],\n` +
        '"a": ["a@github:fleet/a#abc", {}, "fleet-a-abc"],\n"b": ["b@b-1.0.0.tgz", {}],\n"c": ["c@https://files.example/c.tgz", {}],\n"d": ["d@link:d", {}],',
    );
    expect(specs(lock)).toEqual(['keel@1.0.1']);
    expect(notes(lock).split('\n')).toEqual([
      '6: a comes from a git repository, not from a registry',
      '7: b comes from a file or folder of its own, not from a registry',
      '8: c comes from an address that is not where a registry keeps it',
      '9: d comes from a file or folder of its own, not from a registry',
    ]);
  });

  test('bundled only below another package', () => {
    const bundled = `["keel@1.0.1", "", {"bundled": true}, "${sri('keel')}"]`;
    expect(specs(read(`"hull/keel": ${bundled}, "@s/hull/keel": ${bundled}`))).toEqual([]);
    expect(specs(read(`"keel": ${bundled}`))).toEqual(['keel@1.0.1']);
    expect(specs(read(`"@s/alias": ${bundled}`))).toEqual(['keel@1.0.1']);
  });

  test.each([
    '"a": []',
    '"a": {}',
    '"a": [7]',
    '"a": ["a"]',
    '"a": ["a@1.0.0", "", "x"]',
    '"a": ["a@1.0.0", "", {}, 7]',
    '"a": ["a@1.0.0", "", {}, "", ""]',
  ])('unreadable: %s', (text) => {
    expect(() => read(text)).toThrow('an entry');
  });
});
