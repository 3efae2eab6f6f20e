import { execFile, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { mkdir, mkdtemp, rename, rm } from 'node:fs/promises';
import { tmpdir, userInfo } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** A program that was built. */
export interface GoProgram {
  readonly path: string;
}

const SOURCES = join(dirname(fileURLToPath(import.meta.url)), 'go');
const OLDEST = 26;
// The Go that is here is the one that is used: none is fetched.
const ENV = { ...process.env, GOFLAGS: '', GOTOOLCHAIN: 'local' };

/** Why Go programs cannot be built here, in words for the name of a skipped test; null where they can. */
export function reasonForNoGo(): string | null {
  const [, minor] = /^go1\.(\d+)/.exec(goVersion() ?? '') ?? [];
  if (minor === undefined) return 'no Go';
  return Number(minor) >= OLDEST ? null : `no Go 1.${OLDEST} or newer, but 1.${minor}`;
}

/**
 * Builds one of our own programs beside this file (`go/<name>`), once for its sources; its modules come through the Go
 * module proxy. Null where `reasonForNoGo` says why; throws where it does not build.
 */
export async function goProgram(name: 'verify' | 'note'): Promise<GoProgram | null> {
  if (reasonForNoGo() !== null) return null;
  const key = createHash('sha256');
  for (const file of ['go.mod', 'go.sum', ...sourcesOf(name)]) key.update(readFileSync(join(SOURCES, file)));
  return await builtOnce(`${name}-${key.digest('hex').slice(0, 16)}`, name, (folder) =>
    go(['build', '-o', join(folder, name), `./${name}`], {}),
  );
}

/**
 * Installs a program of others at a version, once: `goInstall('filippo.io/torchwood/cmd/litewitness', 'v0.9.0')`. Null
 * where `reasonForNoGo` says why; throws where it does not build.
 */
export async function goInstall(program: string, version: string): Promise<GoProgram | null> {
  if (reasonForNoGo() !== null) return null;
  const name = basename(program);
  const key = createHash('sha256').update(`${program}@${version}`).digest('hex').slice(0, 16);
  return await builtOnce(`${name}-${key}`, name, (folder) =>
    go(['install', `${program}@${version}`], { GOBIN: folder }),
  );
}

/** What a program said, and how it ended. */
export interface GoRun {
  readonly status: number | null;
  readonly out: string;
  readonly err: string;
}

export function runGo(program: GoProgram, args: readonly string[], input = ''): GoRun {
  const run = spawnSync(program.path, args, { input, encoding: 'utf8', timeout: 300_000 });
  if (run.error) throw run.error;
  return { status: run.status, out: run.stdout, err: run.stderr };
}

async function builtOnce(
  key: string,
  name: string,
  build: (folder: string) => Promise<void>,
): Promise<GoProgram> {
  const shelf = join(tmpdir(), `sallyport-go-${userInfo().uid}`);
  const path = join(shelf, `${key}-${goVersion()}`, name);
  if (existsSync(path)) return { path };
  await mkdir(shelf, { recursive: true, mode: 0o700 });
  const folder = await mkdtemp(join(shelf, 'build-'));
  try {
    await build(folder);
    // Whoever builds at the same time has built the same: the first one stays.
    await rename(folder, dirname(path)).catch((error: unknown) => {
      if (!existsSync(path)) throw error;
    });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
  return { path };
}

function go(args: readonly string[], env: Record<string, string>): Promise<void> {
  return new Promise((resolve, reject) => {
    const options = { cwd: SOURCES, env: { ...ENV, ...env }, timeout: 600_000 };
    execFile('go', args, options, (error, _out, err) => {
      if (error) reject(new Error(`go ${args.join(' ')}: ${err || error.message}`));
      else resolve();
    });
  });
}

function goVersion(): string | null {
  const run = spawnSync('go', ['env', 'GOVERSION'], { env: ENV, cwd: tmpdir(), encoding: 'utf8' });
  return run.status === 0 ? run.stdout.trim() : null;
}

function sourcesOf(name: string): string[] {
  return readdirSync(join(SOURCES, name))
    .filter((file) => file.endsWith('.go'))
    .sort()
    .map((file) => join(name, file));
}
