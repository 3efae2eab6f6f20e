import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';

// The real firewall as a process of its own, configured by environment only, on folders that are thrown away.

export interface FirewallOptions {
  /** Policy files: path below the allowlists folder → YAML. */
  readonly policy: Readonly<Record<string, string>>;
  /** Bases of the upstreams; one that is left out is the real registry, by the firewall's own default. */
  readonly upstream?: { readonly npm?: string; readonly pypi?: string };
  /** The file of `SALLYPORT_AUTH`: YAML with `tokens:`. */
  readonly auth?: string;
  /** More `SALLYPORT_…` variables; they win over those that are set here. */
  readonly env?: Readonly<Record<string, string>>;
  /** The folder of an earlier firewall (`root`) to start again on: its data and policy stay. */
  readonly root?: string;
}

/** One line of `ledger list --json`. */
export interface LedgerLine {
  readonly seq: number;
  /** RFC 6962 leaf hash, hex. */
  readonly leaf: string;
  readonly entry: Readonly<Record<string, unknown>>;
}

export interface Firewall {
  /** `http://127.0.0.1:PORT`, without a trailing slash. */
  readonly url: string;
  readonly port: number;
  /** Holds `data` and `allowlists`; give it as `root` to start again. */
  readonly root: string;
  readonly dataDir: string;
  readonly allowlistsDir: string;
  readonly process: ChildProcess;
  /** Everything it has written so far, both streams. */
  readonly log: string;
  /** All entries, oldest first, as the command lists them. */
  ledger(...args: string[]): Promise<LedgerLine[]>;
  /** Runs a `sallyport` command on the same folders. Resolves whatever its exit code is. */
  command(...args: string[]): Promise<{ code: number; stdout: string; stderr: string }>;
  /** SIGTERM; resolves with the exit code. */
  stop(): Promise<number | null>;
  /** SIGKILL; resolves when it is gone. */
  kill9(): Promise<void>;
  /** Stops it if need be and removes its folders. */
  remove(): Promise<void>;
}

const PROJECT = join(import.meta.dirname, '..', '..');
const MAIN = join(PROJECT, 'src', 'main.ts');
const READY_WITHIN_MS = 60_000;

/** Starts it and waits until `/readyz` says 200. Rejects with what it wrote where it ends before that. */
export async function startFirewall(options: FirewallOptions): Promise<Firewall> {
  const root = options.root ?? (await mkdtemp(join(tmpdir(), 'firewall-')));
  const dataDir = join(root, 'data');
  const allowlistsDir = join(root, 'allowlists');
  await mkdir(dataDir, { recursive: true });
  for (const [path, text] of Object.entries(options.policy)) {
    const file = join(allowlistsDir, path);
    await mkdir(dirname(file), { recursive: true });
    await writeFile(file, text);
  }
  if (options.auth !== undefined) await writeFile(join(root, 'auth.yaml'), options.auth);
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const env = {
    ...inherited(),
    SALLYPORT_PORT: String(port),
    SALLYPORT_DATA: dataDir,
    SALLYPORT_ALLOWLISTS: allowlistsDir,
    ...(options.upstream?.npm === undefined ? {} : { SALLYPORT_NPM_UPSTREAM: options.upstream.npm }),
    ...(options.upstream?.pypi === undefined ? {} : { SALLYPORT_PYPI_UPSTREAM: options.upstream.pypi }),
    ...(options.upstream ? { SALLYPORT_PRIVATE_ADDRESSES: '127.0.0.0/8' } : {}),
    ...(options.auth === undefined ? {} : { SALLYPORT_AUTH: join(root, 'auth.yaml') }),
    ...options.env,
  };
  const child = spawn(process.execPath, [MAIN, 'serve'], {
    cwd: root,
    env,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let log = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => (log += chunk));
  const gone = new Promise<number | null>((resolve) => {
    child.once('error', (error) => {
      log += error.message;
      resolve(null);
    });
    child.once('exit', (code) => resolve(code));
  });
  const end = async (signal: NodeJS.Signals) => {
    if (child.exitCode === null && child.signalCode === null) child.kill(signal);
    return gone;
  };
  const command = (...args: string[]) => run([MAIN, ...args], root, env);

  const firewall: Firewall = {
    url,
    port,
    root,
    dataDir,
    allowlistsDir,
    process: child,
    get log() {
      return log;
    },
    command,
    ledger: async (...args) => {
      const { code, stdout, stderr } = await command('ledger', 'list', '--json', ...args);
      if (code !== 0) throw new Error(`ledger list ended with ${code}: ${stderr}`);
      const lines = stdout.split('\n').filter((line) => line !== '');
      return lines.map((line) => JSON.parse(line) as LedgerLine);
    },
    stop: () => end('SIGTERM'),
    kill9: async () => void (await end('SIGKILL')),
    remove: async () => {
      await end('SIGKILL');
      await rm(root, { recursive: true, force: true });
    },
  };
  const ready = await Promise.race([untilReady(url), gone.then(() => false)]);
  if (ready) return firewall;
  await end('SIGKILL');
  if (options.root === undefined) await rm(root, { recursive: true, force: true });
  throw new Error(`the firewall did not become ready:\n${log}`);
}

async function untilReady(url: string): Promise<boolean> {
  const deadline = performance.now() + READY_WITHIN_MS;
  while (performance.now() < deadline) {
    const answer = await fetch(`${url}/readyz`, { signal: AbortSignal.timeout(2000) }).catch(() => null);
    await answer?.arrayBuffer();
    if (answer?.status === 200) return true;
    await sleep(50);
  }
  return false;
}

async function run(
  args: string[],
  cwd: string,
  env: NodeJS.ProcessEnv,
): Promise<{ code: number; stdout: string; stderr: string }> {
  try {
    const options = { cwd, env, maxBuffer: 1 << 28 };
    return { code: 0, ...(await promisify(execFile)(process.execPath, args, options)) };
  } catch (error) {
    const { code, stdout, stderr } = error as { code?: unknown; stdout?: string; stderr?: string };
    if (typeof code !== 'number') throw error;
    return { code, stdout: stdout ?? '', stderr: stderr ?? '' };
  }
}

/** This process's environment (it says where certificates are) without settings of another firewall. */
function inherited(): NodeJS.ProcessEnv {
  const own = Object.entries(process.env).filter(
    ([name]) => !name.startsWith('SALLYPORT_') && name !== 'NODE_OPTIONS',
  );
  return Object.fromEntries(own);
}

/** A port of loopback that was free a moment ago. */
async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}
