import { describe, expect, test } from 'vitest';
import { readSpec } from '../../src/ecosystems/npm/specs.ts';
import { makeNpmTarball } from '../verify/archives.ts';
import { codes, lookAtTarball } from '../verify/looking.ts';

// Ways in which an npm tarball made a real npm 11 fetch from where nobody was asked.

const HOST = 'registry.example.invalid';
const look = (files: Readonly<Record<string, string>>, manifest: object = {}) =>
  codes(
    lookAtTarball(makeNpmTarball({ name: 'demo', version: '1.2.3', ...manifest }, files), { host: HOST }),
  );
const child = (more: object) => JSON.stringify({ name: 'inner', version: '1.0.0', ...more });
const BUNDLING = { bundleDependencies: ['inner', 'a'] };
const EVIL = 'https://evil.example.invalid/evil-1.0.0.tgz';

describe('a bundled package', () => {
  test.each(['dependencies', 'optionalDependencies', 'peerDependencies'])(
    'whose %s is an address: npm fetches it at the next install',
    async (field) => {
      for (const place of ['node_modules/inner', 'node_modules/a/node_modules/@s/b']) {
        const files = { [`${place}/package.json`]: child({ [field]: { evil: EVIL } }) };
        expect([place, await look(files, BUNDLING)]).toEqual([place, ['DIRECT_URL']]);
      }
    },
  );
  test('that names what it needs is in order', async () => {
    const files = { 'node_modules/inner/package.json': child({ dependencies: { other: '^1.0.0' } }) };
    expect(await look(files, BUNDLING)).toEqual([]);
  });
});

describe('a shrinkwrap', () => {
  const lock = (resolved: string) => ({
    'npm-shrinkwrap.json': JSON.stringify({
      lockfileVersion: 3,
      packages: { 'node_modules/evil': { version: '1.0.0', resolved } },
    }),
  });
  test.each([
    'https://evil.example.invalid/evil/-/evil-1.0.0.tgz',
    `https://${HOST}.evil.invalid/evil/-/evil-1.0.0.tgz`,
    `https://${HOST}:8443/evil/-/evil-1.0.0.tgz`,
    `https://u@${HOST}/evil/-/evil-1.0.0.tgz`,
    `https://evil.example.invalid/${HOST}/-/evil-1.0.0.tgz`,
  ])('that leads to another host, in the registry’s own form: %s', async (resolved) => {
    expect(await look(lock(resolved))).toEqual(['DIRECT_URL']);
  });
  test('that stays with the registry passes; where its host is not known, none does', async () => {
    const files = lock(`https://${HOST}/evil/-/evil-1.0.0.tgz`);
    expect(await look(files)).toEqual([]);
    const bytes = makeNpmTarball({ name: 'demo', version: '1.2.3' }, files);
    expect(await codes(lookAtTarball(bytes))).toEqual(['DIRECT_URL']);
  });
});

test.each(['1.0.0-a.tgz', '>=1.0.0-a.tar', '1.0.0-a.TAR', '1.0.0a.tgz', '1 || 2.0.0-x.tgz'])(
  'a range that every client takes for a file beside the project: %s',
  (spec) => expect(readSpec(spec)?.kind ?? 'unreadable').not.toBe('registry'),
);
