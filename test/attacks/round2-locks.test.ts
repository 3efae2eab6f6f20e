import { describe, expect, test } from 'vitest';
import { makeNpmTarball } from '../verify/archives.ts';
import { codes, lookAtTarball } from '../verify/looking.ts';

// Lockfiles in a tarball that npm 11 took a tree from, and with it an address.

const HOST = 'registry.example.invalid';
const EVIL = 'https://evil.example.invalid/evil/-/evil-1.0.0.tgz';
const look = (file: string, lock: object) => {
  const files = { [file]: JSON.stringify({ name: 'demo', version: '1.2.3', requires: true, ...lock }) };
  const manifest = { name: 'demo', version: '1.2.3', bundleDependencies: ['inner'] };
  return codes(lookAtTarball(makeNpmTarball(manifest, files), { host: HOST }));
};
const packages = (entry: object) => ({
  lockfileVersion: 3,
  packages: { '': { name: 'demo' }, 'node_modules/inner': { version: '1.0.0', ...entry } },
});

describe.each([
  ['npm-shrinkwrap.json'],
  // Followed where the index says `_hasShrinkwrap`.
  ['package-lock.json'],
  // Followed for what is bundled: its specs came into the project's own lockfile.
  ['node_modules/.package-lock.json'],
  ['node_modules/inner/node_modules/.package-lock.json'],
  // Followed where the bundled package's own manifest says `_hasShrinkwrap`.
  ['node_modules/inner/npm-shrinkwrap.json'],
  ['node_modules/inner/package-lock.json'],
])('%s', (file) => {
  test.each([
    ['an address to fetch from', packages({ resolved: EVIL })],
    ['a dependency without an entry, by address', packages({ dependencies: { evil: EVIL } })],
    ['an optional one', packages({ optionalDependencies: { evil: 'user/repo' } })],
    ['a peer', packages({ peerDependencies: { evil: 'file:../evil' } })],
    [
      'one that an old lockfile requires',
      { lockfileVersion: 1, dependencies: { inner: { version: '1.0.0', requires: { evil: EVIL } } } },
    ],
  ])('%s', async (_, lock) => {
    expect(await look(file, lock)).toEqual(['DIRECT_URL']);
  });

  test('that stays with the registry is in order', async () => {
    const entry = { resolved: `https://${HOST}/inner/-/inner-1.0.0.tgz`, dependencies: { other: '^1.0.0' } };
    expect(await look(file, packages(entry))).toEqual([]);
  });
});

test.each([
  'lib/package-lock.json',
  'node_modules/inner/lib/package-lock.json',
  'fixtures/npm-shrinkwrap.json',
])('%s is read by nobody', async (file) =>
  expect(await look(file, packages({ resolved: EVIL }))).toEqual([]),
);
