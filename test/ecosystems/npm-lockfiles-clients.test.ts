import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseSyml } from '@yarnpkg/parsers';
import { describe, expect, test } from 'vitest';
import { readLockfile } from '../../src/ecosystems/lockfiles.ts';
import { readYamlDocument } from '../../src/ecosystems/npm/lockfiles/yaml-document.ts';
import { readYarnClassicDocument } from '../../src/ecosystems/npm/lockfiles/yarn-classic-document.ts';
import { notes, specs } from './npm-lockfiles.ts';

// The same project as every client wrote it down; see the folder's README.

const FOLDER = join(import.meta.dirname, '..', 'fixtures', 'lockfiles', 'npm');
const textOf = (client: string, file: string) => readFileSync(join(FOLDER, client, file), 'utf8');

const CLIENTS = [
  ['npm-v1', 'package-lock.json', 'package-lock v1'],
  ['npm-v2', 'package-lock.json', 'package-lock v2'],
  ['npm-v3', 'package-lock.json', 'package-lock v3'],
  ['pnpm-5', 'pnpm-lock.yaml', 'pnpm-lock v5.4'],
  ['pnpm-6', 'pnpm-lock.yaml', 'pnpm-lock v6.0'],
  ['pnpm-9', 'pnpm-lock.yaml', 'pnpm-lock v9.0'],
  ['yarn-1', 'yarn.lock', 'yarn.lock v1'],
  ['yarn-3', 'yarn.lock', 'yarn.lock v6'],
  ['yarn-4', 'yarn.lock', 'yarn.lock v10'],
  ['bun', 'bun.lock', 'bun.lock v2'],
] as const;

const locks = new Map(CLIENTS.map(([client, file]) => [client, readLockfile(file, textOf(client, file))]));
const lockOf = (client: (typeof CLIENTS)[number][0]) => {
  const lock = locks.get(client);
  if (!lock) throw new Error(client);
  return lock;
};

/** Fetched on their own by those that do not know bundles. */
const BUNDLED = ['jsonschema@1.4.1', 'semver@7.8.6'];

const registryOf = (client: (typeof CLIENTS)[number][0]) =>
  lockOf(client).packages.filter(({ source }) => source === 'registry');

describe.each(CLIENTS)('%s', (client, file, format) => {
  test('is known by its content alone, and says its version', () => {
    expect(lockOf(client).format).toBe(format);
    expect(readLockfile('a-copy', textOf(client, file))).toEqual(lockOf(client));
  });

  test('locks what all others lock', () => {
    const names = registryOf(client).map(({ name, version }) => `${name}@${version}`);
    const wanted = registryOf('npm-v3').map(({ name, version }) => `${name}@${version}`);
    expect(wanted).toHaveLength(35);
    expect(names.filter((name) => !BUNDLED.includes(name))).toEqual(wanted);
    const fetchesBundled = ['pnpm-5', 'yarn-1', 'yarn-3', 'yarn-4'].includes(client);
    expect(names.filter((name) => BUNDLED.includes(name))).toEqual(fetchesBundled ? BUNDLED : []);
  });

  test('has the digests that all others have, or says that it has none', () => {
    const wanted = new Map(registryOf('npm-v3').map((one) => [one.name, one.digests]));
    const own = registryOf(client).filter(({ name }) => wanted.has(name));
    if (client.startsWith('yarn-') && client !== 'yarn-1') {
      expect(own.flatMap(({ digests }) => digests)).toEqual([]);
      // yarn hashes what it fetched: the packages of other platforms have nothing.
      expect(new Set(own.map(({ undigested }) => undigested))).toEqual(
        new Set(['none', 'of-another-archive']),
      );
      expect(own.find(({ name }) => name === 'react')?.undigested).toBe('of-another-archive');
    } else {
      expect(own.every(({ digests, undigested }) => digests.length === 1 && undigested === null)).toBe(true);
      expect(new Map(own.map((one) => [one.name, one.digests]))).toEqual(wanted);
    }
  });

  test('knows an alias by its own name', () => {
    expect(specs(lockOf(client))).toContain('strip-ansi@6.0.1');
    expect(specs(lockOf(client)).join()).not.toContain('cjs');
  });

  test('says that a repository is no registry, and where', () => {
    const there = lockOf(client).notes.filter(({ what }) => what.includes('tide-table'));
    expect(there).toHaveLength(1);
    expect(there[0]?.what).toContain('git repository');
    const line = textOf(client, file).split('\n')[(there[0]?.line ?? 0) - 1];
    expect(line).toMatch(/^\s*(?:"?(?:node_modules\/)?tide-table["@]|git\.example\/tide-table)/);
    const locked = lockOf(client).packages.filter(({ name }) => name === 'tide-table');
    for (const one of locked) expect(one).toMatchObject({ source: 'git', digests: [], version: '1.2.3' });
    // npm 6 and bun write no version of it.
    expect(locked).toHaveLength(client === 'npm-v1' || client === 'bun' ? 0 : 1);
  });

  test('gives each package the line where it stands', () => {
    const lines = textOf(client, file).split('\n');
    for (const { name, line } of registryOf(client)) {
      const text = lines[(line ?? 0) - 1] ?? '';
      expect(text).toContain(name);
    }
  });
});

describe('what only some of them write', () => {
  test('packages that come inside others are counted', () => {
    for (const client of ['npm-v1', 'npm-v2', 'npm-v3', 'bun'] as const) {
      expect(notes(lockOf(client))).toMatch(/^-: 2 packages: left out, because they come inside/m);
    }
  });

  test('install scripts', () => {
    const running = (client: (typeof CLIENTS)[number][0]) =>
      lockOf(client)
        .packages.filter((one) => one.installScripts)
        .map(({ name }) => name);
    for (const client of ['npm-v2', 'npm-v3'] as const) expect(running(client)).toEqual(['esbuild']);
    // pnpm 7 and 8 cannot know it of a platform that they did not fetch, and say it of all.
    for (const client of ['pnpm-5', 'pnpm-6'] as const) expect(running(client)).toContain('esbuild');
    for (const client of ['npm-v1', 'pnpm-9', 'yarn-1', 'yarn-4', 'bun'] as const) {
      expect(running(client)).toEqual([]);
    }
  });

  test('addresses, whole', () => {
    const react = (client: (typeof CLIENTS)[number][0]) =>
      lockOf(client).packages.find(({ name }) => name === 'react')?.resolved;
    expect(react('npm-v3')).toBe('https://registry.example/react/-/react-18.3.1.tgz');
    expect(react('yarn-1')).toMatch(
      /^https:\/\/registry\.example\/react\/-\/react-18\.3\.1\.tgz#[0-9a-f]{40}$/,
    );
    expect(react('pnpm-9')).toBeNull();
  });
});

describe("yarn's own reader reads the same", () => {
  const plain = (value: unknown): unknown => JSON.parse(JSON.stringify(value));

  test('of yarn 1', () => {
    const text = textOf('yarn-1', 'yarn.lock');
    expect(plain(readYarnClassicDocument(text).root)).toEqual(plain(parseSyml(text)));
  });

  test.each(['yarn-3', 'yarn-4'])('of %s', (client) => {
    const text = textOf(client, 'yarn.lock');
    expect(plain(readYamlDocument(text).root)).toEqual(plain(parseSyml(text)));
  });

  test.each(['pnpm-5', 'pnpm-6', 'pnpm-9'])('of %s, which is YAML as well', (client) => {
    const text = textOf(client, 'pnpm-lock.yaml');
    expect(plain(readYamlDocument(text).root)).toEqual(plain(parseSyml(text)));
  });
});
