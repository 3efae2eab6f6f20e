import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { cp, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';

// Puts the twelve package managers into one folder outside the project, each from a lockfile beside this script:
// `node test/harness/clients/install.ts`. Nothing is done again while the lockfiles stay as they are.

const HERE = import.meta.dirname;
const LOCKS = join(HERE, 'python');

/** Where the clients are put: `SALLYPORT_CLIENTS`, or a folder in the machine's temporary one. */
export function clientsFolder(): string {
  return process.env['SALLYPORT_CLIENTS'] ?? join(tmpdir(), 'sallyport-clients');
}

/**
 * Installs what is not installed yet and resolves with the folder. Python clients get a virtual environment each,
 * `<folder>/<lock's name>`; those of npm lie in `<folder>/npm/node_modules`. No install script is run: the native
 * clients are used from their platform packages. Rejects where a registry, `npm` or `python3` is missing.
 */
export async function installClients(folder = clientsFolder()): Promise<string> {
  const stamp = join(folder, 'stamp');
  const wanted = await fingerprint();
  const there = async () => (await readFile(stamp, 'utf8').catch(() => null)) === wanted;
  if (await there()) return folder;
  await alone(`${folder}.lock`, async () => {
    if (await there()) return;
    await rm(folder, { recursive: true, force: true });
    await mkdir(join(folder, 'npm'), { recursive: true });
    await Promise.all([npmClients(join(folder, 'npm')), pythonClients(folder)]);
    await writeFile(stamp, wanted);
  });
  return folder;
}

/** Waits for other test files that do the same. The lock is the kernel's: it is free however its holder ended. */
async function alone(lock: string, work: () => Promise<void>): Promise<void> {
  await mkdir(dirname(lock), { recursive: true });
  const holder = spawn('flock', [lock, 'sh', '-c', 'echo held; exec cat'], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  await new Promise<void>((resolve, reject) => {
    holder.once('error', reject);
    holder.once('exit', (code) => reject(new Error(`flock ended with ${code}`)));
    holder.stdout.once('data', () => resolve());
  });
  try {
    await work();
  } finally {
    holder.stdin.end();
  }
}

async function npmClients(folder: string): Promise<void> {
  for (const file of ['package.json', 'package-lock.json', '.npmrc']) {
    await cp(join(HERE, 'npm', file), join(folder, file));
  }
  await run('npm', ['ci', '--ignore-scripts'], folder);
}

async function pythonClients(folder: string): Promise<void> {
  // uv makes the other environments: it is the only one that pip itself has to install.
  await run('python3', ['-m', 'venv', join(folder, 'uv')], folder);
  const pip = join(folder, 'uv', 'bin', 'pip');
  await run(pip, ['install', '--quiet', '--require-hashes', '-r', join(LOCKS, 'uv.txt')], folder);
  const uv = join(folder, 'uv', 'bin', 'uv');
  const python = join(folder, 'uv', 'bin', 'python');
  for (const lock of await locks()) {
    const venv = join(folder, lock);
    if (lock === 'uv') continue;
    await run(uv, ['venv', '--quiet', '--python', python, venv], folder);
    const target = ['--python', join(venv, 'bin', 'python')];
    const from = ['--require-hashes', '-r', join(LOCKS, `${lock}.txt`)];
    await run(uv, ['pip', 'install', '--quiet', ...target, ...from], folder);
  }
}

async function locks(): Promise<string[]> {
  return (await readdir(LOCKS)).map((name) => name.replace(/\.txt$/, '')).sort();
}

async function fingerprint(): Promise<string> {
  const hash = createHash('sha256').update(process.version);
  const files = [
    join(HERE, 'npm', 'package-lock.json'),
    ...(await locks()).map((lock) => join(LOCKS, `${lock}.txt`)),
  ];
  for (const file of files) hash.update(await readFile(file)).update('\0');
  return hash.digest('hex');
}

function run(command: string, args: readonly string[], cwd: string): Promise<void> {
  const path = [dirname(process.execPath), process.env['PATH'] ?? ''].join(delimiter);
  const child = spawn(command, args, {
    cwd,
    env: { ...process.env, PATH: path },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let words = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => (words += chunk));
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code) => {
      if (code === 0) resolve();
      else reject(new Error(`${command} ${args.join(' ')} ended with ${code}:\n${words.slice(-2000)}`));
    });
  });
}

if (import.meta.main) console.log(await installClients());
