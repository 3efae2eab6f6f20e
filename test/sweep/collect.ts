import { spawn } from 'node:child_process';
import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import semver from 'semver';
import { npm } from '../../src/ecosystems/npm/npm.ts';
import { pypi } from '../../src/ecosystems/pypi/pypi.ts';
import { clientsFolder, installClients } from '../harness/clients/install.ts';
import type { Cache } from './cache.ts';
import { listingOf, type Recorder } from './recorder.ts';

const ROOT = join(import.meta.dirname, '..', '..');

/** What one client is told to fetch, and what came of it. */
export interface Errand {
  readonly title: string;
  run(): Promise<void>;
}

/**
 * The errands that fetch the starter policy's trees and those of the tests' real clients, the short ones first. Every one is
 * a real client that installs without running anything of what it gets, but for source distributions: those of the
 * wheels that are there, because a client would build them.
 */
export async function errands(recorder: Recorder, cache: Cache): Promise<readonly Errand[]> {
  const clients = await installClients();
  const locks = ['pip-26', 'pip-23', 'uv', 'poetry', 'pdm', 'pipenv'];
  const fromTree = async (specs: readonly string[]): Promise<void> => npmTree(recorder, specs);
  return [
    { title: 'npm install express', run: () => fromTree(['express']) },
    { title: 'pip download requests', run: () => download(recorder, clients, ['requests[socks]']) },
    ...locks.map((lock) => ({
      title: `the tests' ${lock}`,
      run: () => {
        const file = join(ROOT, 'test/harness/clients/python', `${lock}.txt`);
        return download(recorder, clients, ['--no-deps', '--require-hashes', '-r', file]);
      },
    })),
    {
      title: "the tests' npm clients",
      run: () => npmLocked(recorder, join(ROOT, 'test/harness/clients/npm')),
    },
    { title: 'our own tree', run: () => npmLocked(recorder, ROOT) },
    ...(await pypiErrands(recorder, clients)),
    {
      title: 'npm, the newest of every root',
      run: async () =>
        fromTree((await roots('npm')).map(({ name, range }) => (range ? `${name}@${range}` : name))),
    },
    { title: 'npm, the major before', run: async () => fromTree(await before(recorder, await roots('npm'))) },
    { title: 'source distributions of these', run: () => sdists(recorder, cache) },
  ];
}

interface Root {
  readonly name: string;
  readonly range: string | null;
}

async function roots(ecosystem: string): Promise<Root[]> {
  return (await readFile(join(ROOT, 'allowlists/roots.txt'), 'utf8'))
    .split('\n')
    .filter((line) => line.startsWith(`${ecosystem} `))
    .map((line) => {
      const spec = line.slice(ecosystem.length + 1).trim();
      const at = ecosystem === 'npm' ? spec.indexOf('@', 1) : -1;
      return at < 0 ? { name: spec, range: null } : { name: spec.slice(0, at), range: spec.slice(at + 1) };
    });
}

/** Specs of the newest version below the newest one's major line, where there is any. */
async function before(recorder: Recorder, all: readonly Root[]): Promise<string[]> {
  const specs: string[] = [];
  for (const { name, range } of all) {
    if (range !== null) continue;
    const listing = listingOf(npm, name, await recorder.index(npm, name));
    const versions = [...(listing?.files.values() ?? [])].map((file) => file.version);
    const newest = semver.maxSatisfying(versions, '*');
    const older = newest && semver.maxSatisfying(versions, `<${semver.major(newest)}.0.0`);
    if (older) specs.push(`${name}@${older}`);
  }
  return specs;
}

async function npmTree(recorder: Recorder, specs: readonly string[]): Promise<void> {
  await inFolder(async (folder) => {
    await writeFile(join(folder, 'package.json'), '{"private":true}');
    // A tree of everything holds peers that no one would put together.
    await run(
      'npm',
      ['install', '--legacy-peer-deps', ...NPM_OPTIONS, ...specs],
      folder,
      npmEnv(recorder, folder),
    );
  });
}

async function npmLocked(recorder: Recorder, from: string): Promise<void> {
  await inFolder(async (folder) => {
    for (const file of ['package.json', 'package-lock.json']) await cp(join(from, file), join(folder, file));
    await run('npm', ['ci', ...NPM_OPTIONS], folder, npmEnv(recorder, folder));
  });
}

const NPM_OPTIONS = [
  '--ignore-scripts',
  '--no-audit',
  '--no-fund',
  '--no-update-notifier',
  '--loglevel=error',
];

function npmEnv(recorder: Recorder, folder: string): Record<string, string> {
  return {
    npm_config_registry: `${recorder.url}/npm/`,
    npm_config_cache: join(folder, '.cache'),
    npm_config_userconfig: join(folder, '.none'),
    npm_config_globalconfig: join(folder, '.none-global'),
    npm_config_nodedir: '/nonexistent',
  };
}

/** Wheels for this machine, then those for others: other tools made them. */
async function pypiErrands(recorder: Recorder, clients: string): Promise<Errand[]> {
  const elsewhere = [
    ['Windows', '--platform', 'win_amd64', '--python-version', '3.13'],
    ['macOS', '--platform', 'macosx_14_0_arm64', '--python-version', '3.12'],
    ['Linux, Python 3.9', '--platform', 'manylinux2014_x86_64', '--python-version', '3.9'],
  ];
  const all = await roots('pypi');
  const here = all.map(({ name }) => ({
    title: `pip download ${name}`,
    run: () => download(recorder, clients, [name]),
  }));
  const there = elsewhere.flatMap(([title, ...args]) =>
    all.map(({ name }) => ({
      title: `pip download ${name} for ${title}`,
      run: () => download(recorder, clients, [...args, name]),
    })),
  );
  return [...here, ...there];
}

async function download(recorder: Recorder, clients: string, args: readonly string[]): Promise<void> {
  await inFolder(async (folder) => {
    const pip = join(clients, 'pip-26', 'bin', 'python');
    const options = ['download', '--quiet', '--only-binary', ':all:', '--dest', join(folder, 'wheels')];
    await run(pip, ['-m', 'pip', ...options, ...args], folder, {
      PIP_CONFIG_FILE: '/dev/null',
      PIP_NO_CACHE_DIR: '1',
      PIP_DISABLE_PIP_VERSION_CHECK: '1',
      PIP_INDEX_URL: `${recorder.url}/pypi/simple/`,
    });
  });
}

/** The source distribution of each version of which there is a wheel. None is built. */
async function sdists(recorder: Recorder, cache: Cache): Promise<void> {
  for (const { ecosystem, name, filename } of await cache.files()) {
    if (ecosystem !== 'pypi') continue;
    const listing = listingOf(pypi, name, await cache.index('pypi', name));
    const version = listing?.files.get(filename)?.version;
    for (const file of listing?.files.values() ?? []) {
      if (file.kind !== 'sdist' || file.version !== version) continue;
      await recorder.file(pypi, name, file.filename, file.url);
    }
  }
}

async function inFolder(work: (folder: string) => Promise<void>): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'sweep-'));
  try {
    await mkdir(join(folder, 'home'));
    await work(folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** With an empty home and none of the machine's settings; the words of a client that fails are in what is thrown. */
async function run(
  command: string,
  args: readonly string[],
  cwd: string,
  more: Record<string, string>,
): Promise<void> {
  const client = command === 'npm' ? process.execPath : command;
  const npmCli = join(clientsFolder(), 'npm', 'node_modules', 'npm', 'bin', 'npm-cli.js');
  const child = spawn(client, command === 'npm' ? [npmCli, ...args] : args, {
    cwd,
    env: {
      PATH: [dirname(process.execPath), '/usr/bin', '/bin'].join(':'),
      HOME: join(cwd, 'home'),
      TMPDIR: join(cwd, 'home'),
      ...more,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let words = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => (words += chunk));
  const code = await new Promise<number | null>((done, fail) => {
    child.once('error', fail);
    child.once('close', done);
  });
  if (code !== 0) throw new Error(`${command} ended with ${code}: ${words.slice(-600)}`);
}
