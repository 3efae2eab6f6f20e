import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

/*
 * The main job before one's eyes: a firewall with the starter policy in front of the real registries, a real
 * npm and a real pip behind it, one refused package each, then what the ledger says. Exits 1 when anything
 * was not as it should be.
 */

const ROOT = resolve(dirname(fileURLToPath(import.meta.url)), '..');
const MAIN = join(ROOT, 'src/main.ts');

/** On no starter list, and harmless. */
const REFUSED = 'cowsay';

interface Result {
  readonly code: number;
  readonly output: string;
}

const home = await mkdtemp(join(tmpdir(), 'sallyport-demo-'));
let firewall: ChildProcess | null = null;
let failures = 0;

/** Only what a client needs: none of the machine's own registry settings. */
const bare: NodeJS.ProcessEnv = {
  PATH: process.env['PATH'],
  HOME: home,
  TMPDIR: home,
  npm_config_cache: join(home, 'npm-cache'),
  npm_config_userconfig: join(home, 'npmrc'),
  npm_config_globalconfig: join(home, 'npmrc-global'),
  PIP_CONFIG_FILE: '/dev/null',
  PIP_NO_CACHE_DIR: '1',
  PIP_DISABLE_PIP_VERSION_CHECK: '1',
};

try {
  const port = await freePort();
  const data = join(home, 'data');
  const url = `http://127.0.0.1:${port}`;
  const serverEnv = {
    ...process.env,
    SALLYPORT_PORT: String(port),
    SALLYPORT_DATA: data,
    SALLYPORT_LOG_LEVEL: 'warn',
  };

  step('sallyport starts with the starter policy of allowlists/');
  firewall = spawn(process.execPath, [MAIN, 'serve'], {
    cwd: ROOT,
    env: serverEnv,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  await ready(url, firewall);
  console.log(`listening on ${url}`);

  const project = join(home, 'project');
  await run('mkdir', ['-p', project], bare, home, true);
  await writeFile(join(project, 'package.json'), '{"name":"demo","version":"1.0.0","private":true}\n');
  const npmEnv = {
    ...bare,
    npm_config_registry: `${url}/npm/`,
    npm_config_audit: 'false',
    npm_config_fund: 'false',
  };

  step('npm install express, through it');
  expect(await run('npm', ['install', 'express'], npmEnv, project), 0);
  await run('npm', ['ls', 'express'], npmEnv, project);

  step(`npm install ${REFUSED}: not on the allowlist`);
  expectRefusal(await run('npm', ['install', REFUSED], npmEnv, project));

  step('pip install requests, through it');
  await run('python3', ['-m', 'venv', join(home, 'venv')], bare, home, true);
  const python = join(home, 'venv/bin/python');
  const pipEnv = { ...bare, PIP_INDEX_URL: `${url}/pypi/simple/` };
  expect(await run(python, ['-m', 'pip', 'install', '-q', 'requests'], pipEnv, home), 0);
  await run(python, ['-c', 'import requests; print("requests", requests.__version__)'], pipEnv, home);

  step(`pip install ${REFUSED}: not on the allowlist`);
  expectRefusal(await run(python, ['-m', 'pip', 'install', REFUSED], pipEnv, home));

  step('what the ledger says: what was refused, and the last that was allowed');
  const ledger = (args: string[]) =>
    run(process.execPath, [MAIN, 'ledger', 'list', ...args], serverEnv, ROOT);
  expect(await ledger(['--verdict', 'refuse']), 0);
  expect(await ledger(['--verdict', 'allow', '--reverse', '--limit', '8']), 0);
} finally {
  if (firewall && firewall.exitCode === null) {
    const ended = new Promise((done) => firewall?.once('exit', done));
    firewall.kill('SIGTERM');
    await ended;
  }
  await rm(home, { recursive: true, force: true });
}
console.log(
  failures === 0 ? '\nThe demo went as it should.' : `\n${failures} steps did not go as they should.`,
);
process.exitCode = failures === 0 ? 0 : 1;

function step(title: string): void {
  console.log(`\n== ${title}`);
}

function expect(result: Result, code: number): void {
  if (result.code === code) return;
  failures++;
  console.log(`!! exit code ${result.code}, expected ${code}`);
}

/** The client fails, and what it prints names our reason. */
function expectRefusal(result: Result): void {
  if (result.code !== 0 && /not.on.the.allowlist/.test(result.output)) return;
  failures++;
  console.log(`!! expected a refusal that says why, got exit code ${result.code}`);
}

function run(
  command: string,
  args: readonly string[],
  env: NodeJS.ProcessEnv,
  cwd: string,
  quiet = false,
): Promise<Result> {
  const shown = command === process.execPath ? 'sallyport' : (command.split('/').at(-1) ?? command);
  if (!quiet) console.log(`$ ${[shown, ...args.filter((a) => a !== MAIN)].join(' ')}`);
  return new Promise((done, fail) => {
    const child = spawn(command, args, { cwd, env, stdio: ['ignore', 'pipe', 'pipe'] });
    let output = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream.on('data', (piece: Buffer) => {
        output += piece;
        if (!quiet) process.stdout.write(piece);
      });
    }
    child.once('error', fail);
    child.once('close', (code) => done({ code: code ?? 1, output }));
  });
}

async function ready(url: string, child: ChildProcess): Promise<void> {
  for (let attempt = 0; attempt < 200; attempt++) {
    if (child.exitCode !== null) throw new Error('the firewall did not start');
    const answer = await fetch(`${url}/readyz`).catch(() => null);
    if (answer?.ok) return;
    await new Promise((done) => setTimeout(done, 100));
  }
  throw new Error('the firewall was not ready within 20 seconds');
}

function freePort(): Promise<number> {
  return new Promise((done, fail) => {
    const server = createServer();
    server.once('error', fail);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() =>
        typeof address === 'object' && address ? done(address.port) : fail(new Error('no port')),
      );
    });
  });
}
