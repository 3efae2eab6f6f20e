import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, connect as dial, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

// A command in a network namespace of its own, where one port of 127.0.0.1 is all that answers. A relay inside
// (jail-inside.ts) listens on that port and hands each connection to a unix socket, which crosses namespaces; a relay
// out here hands it to the same port of the real loopback. So the firewall has the same address on both sides.

/** What is run. `env` is the whole environment; nothing of this process's own is passed on. */
export interface Jailed {
  /** The only port of 127.0.0.1 that can be reached; null for none at all, a list for several. */
  readonly port: number | readonly number[] | null;
  readonly cwd: string;
  readonly env: Readonly<Record<string, string>>;
  readonly command: string;
  readonly args: readonly string[];
  readonly timeoutMs: number;
}

export interface JailReport {
  /** Exit code; 124 where the time was up and everything in the namespace was killed. */
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
  /** Request lines that went through the relay, as far as they could be read: `GET /npm/express`. */
  readonly reached: string[];
  /** Everything that came back through the relay, as latin1: to show that certain bytes did not. */
  readonly received: string;
  /** Host names that were looked up inside, each once: attempts to go elsewhere. None of them is answered. */
  readonly sought: string[];
}

/** Whether this machine lets us make namespaces: root, unshare and ip. */
export function jailAvailable(): boolean {
  return reasonForNoJail() === null;
}

/** Why a jail cannot be made here, in words for the name of a skipped test; null where it can. */
export function reasonForNoJail(): string | null {
  if (process.platform !== 'linux') return 'not Linux';
  if (process.getuid?.() !== 0) return 'not root';
  const probe = spawnSync('unshare', [...UNSHARE, 'sh', '-c', 'ip link set lo up'], { timeout: 10_000 });
  if (probe.error) return 'no unshare';
  return probe.status === 0 ? null : 'no network namespaces, or no ip command';
}

// A process namespace too: when its first process dies, the kernel kills all others, whatever session they are in.
const UNSHARE = ['--net', '--mount', '--pid', '--fork', '--kill-child', '--mount-proc'];
const KILLED = 124;

/** Runs a command in the jail. Rejects only where the jail itself cannot be made. */
export async function jail(what: Jailed): Promise<JailReport> {
  const folder = await mkdtemp(join(tmpdir(), 'jail-'));
  const ports = typeof what.port === 'number' ? [what.port] : (what.port ?? []);
  const relays = ports.map((port) => ({ port, relay: join(folder, `relay-${port}`) }));
  const lookups = join(folder, 'lookups');
  const reached: string[] = [];
  const received: Buffer[] = [];
  const sought = new Set<string>();
  const servers = [await listen(lookups, (socket) => collect(socket, (name) => sought.add(name)))];
  for (const { port, relay } of relays)
    servers.push(await listen(relay, (socket) => pipe(socket, port, reached, received)));
  const resolver = join(folder, 'resolv.conf');
  await writeFile(resolver, 'nameserver 127.0.0.1\noptions attempts:1 timeout:2\n');
  try {
    const order = { relays, lookups, resolver, cwd: what.cwd, env: what.env };
    const inside = join(import.meta.dirname, 'jail-inside.ts');
    const job = [
      process.execPath,
      inside,
      JSON.stringify({ ...order, command: what.command, args: what.args }),
    ];
    const child = spawn('unshare', [...UNSHARE, ...job], {
      env: { PATH: process.env['PATH'] ?? '', ...compileCache() },
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: true,
    });
    const ended = await watch(child, what.timeoutMs);
    return {
      ...ended,
      reached,
      received: Buffer.concat(received).toString('latin1'),
      sought: [...sought].sort(),
    };
  } finally {
    for (const server of servers) server.close();
    await rm(folder, { recursive: true, force: true });
  }
}

/** Where Node keeps compiled code between processes, for those that are not given this one's environment. */
export function compileCache(): Record<string, string> {
  const folder = process.env['NODE_COMPILE_CACHE'];
  return folder === undefined ? {} : { NODE_COMPILE_CACHE: folder };
}

type Ended = Pick<JailReport, 'code' | 'stdout' | 'stderr'>;

async function watch(child: ChildProcess, timeoutMs: number): Promise<Ended> {
  const out: Buffer[] = [];
  const err: Buffer[] = [];
  child.stdout?.on('data', (chunk: Buffer) => out.push(chunk));
  child.stderr?.on('data', (chunk: Buffer) => err.push(chunk));
  let late = false;
  const timer = setTimeout(() => {
    late = true;
    if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL');
  }, timeoutMs);
  try {
    const code = await new Promise<number>((resolve, reject) => {
      child.once('error', reject);
      child.once('close', (status, signal) => resolve(status ?? (signal ? KILLED : 1)));
    });
    const text = (chunks: Buffer[]) => Buffer.concat(chunks).toString();
    return { code: late ? KILLED : code, stdout: text(out), stderr: text(err) };
  } finally {
    clearTimeout(timer);
  }
}

function listen(path: string, serve: (socket: Socket) => void): Promise<Server> {
  const server = createServer({ allowHalfOpen: true }, serve);
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(path, () => resolve(server));
  });
}

function pipe(inner: Socket, port: number, reached: string[], received: Buffer[]): void {
  const outer = dial({ port, host: '127.0.0.1', allowHalfOpen: true });
  const end = () => {
    inner.destroy();
    outer.destroy();
  };
  inner.on('error', end).on('data', (chunk: Buffer) => reached.push(...requestLines(chunk)));
  outer.on('error', end).on('data', (chunk: Buffer) => received.push(chunk));
  inner.pipe(outer);
  outer.pipe(inner);
}

/** The request lines at the beginning of a piece of HTTP/1.1; clients send one request in one write. */
function requestLines(chunk: Buffer): string[] {
  const lines = chunk.toString('latin1').matchAll(/(?:^|\r\n\r\n)([A-Z]{3,7} \S+) HTTP\/1\.[01]\r\n/g);
  return [...lines].map((match) => match[1] ?? '');
}

function collect(socket: Socket, add: (name: string) => void): void {
  let text = '';
  socket.on('error', () => socket.destroy());
  socket.on('data', (chunk: Buffer) => {
    text += chunk.toString('latin1');
    const lines = text.split('\n');
    text = lines.pop() ?? '';
    for (const line of lines) add(line);
  });
  socket.on('end', () => socket.end());
}
