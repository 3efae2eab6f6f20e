import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Database from 'better-sqlite3';

/** The witness that others run: filippo.io/torchwood's litewitness, over an ssh-agent of its own. */
export interface Litewitness {
  readonly url: string;
  /** Its verifier key, as it says itself. */
  readonly vkey: string;
  /** Makes a log known, as its operator does. */
  know(origin: string, vkey: string): void;
  /** What it cosigned last. */
  sizeOf(origin: string): number | null;
  kill(): void;
  restart(): Promise<void>;
  stop(): Promise<void>;
}

const VERSION = 'v0.9.0';

/** Builds it once, through the Go module proxy; in place of a path the reason why there is none. */
export async function litewitnessBinary(): Promise<{ readonly path: string } | { readonly missing: string }> {
  const folder = join(tmpdir(), `sallyport-go-litewitness-${VERSION}`);
  const path = join(folder, 'litewitness');
  if (existsSync(path)) return { path };
  if (spawnSync('go', ['version']).status !== 0) return { missing: 'there is no Go' };
  for (const tool of ['ssh-agent', 'ssh-keygen', 'ssh-add'])
    if (spawnSync('which', [tool]).status !== 0) return { missing: `there is no ${tool}` };
  await mkdir(folder, { recursive: true });
  const built = spawnSync('go', ['install', `filippo.io/torchwood/cmd/litewitness@${VERSION}`], {
    env: { ...process.env, GOBIN: folder, GOFLAGS: '' },
    encoding: 'utf8',
    timeout: 600_000,
  });
  return built.status === 0 ? { path } : { missing: `it cannot be built: ${built.stderr.slice(-300)}` };
}

export async function startLitewitness(binary: string, name: string): Promise<Litewitness> {
  const folder = await mkdtemp(join(tmpdir(), 'litewitness-'));
  const key = join(folder, 'key');
  const socket = join(folder, 'agent.sock');
  const database = join(folder, 'w.db');
  execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', key]);
  const agent = spawn('ssh-agent', ['-D', '-a', socket], { stdio: 'ignore' });
  for (let i = 0; i < 100 && !existsSync(socket); i++) await new Promise((done) => setTimeout(done, 50));
  execFileSync('ssh-add', ['-q', key], { env: { ...process.env, SSH_AUTH_SOCK: socket }, stdio: 'ignore' });
  const [, fingerprint = ''] = execFileSync('ssh-keygen', ['-lf', `${key}.pub`], { encoding: 'utf8' }).split(
    ' ',
  );
  const port = await freePort();
  const args = ['-db', database, '-name', name, '-key', fingerprint, '-ssh-agent', socket];
  args.push('-listen', `127.0.0.1:${port}`);
  let running: ChildProcess | null = null;
  let vkey = '';
  const start = () =>
    new Promise<void>((resolve, reject) => {
      const child = spawn(binary, args, { stdio: ['ignore', 'ignore', 'pipe'] });
      running = child;
      let said = '';
      child.stderr?.on('data', (piece: Buffer) => {
        said += piece.toString();
        vkey = /vkey=(\S+)/.exec(said)?.[1] ?? vkey;
        if (/msg=listening/.test(said)) resolve();
      });
      child.once('exit', (code) => reject(new Error(`litewitness ended with ${code}: ${said}`)));
    });
  await start();
  const withDatabase = <T>(work: (db: Database.Database) => T): T => {
    const db = new Database(database, { timeout: 5000 });
    try {
      return work(db);
    } finally {
      db.close();
    }
  };
  const kill = () => {
    running?.removeAllListeners('exit');
    running?.kill('SIGKILL');
  };
  return {
    url: `http://127.0.0.1:${port}`,
    vkey,
    know: (origin, logKey) =>
      withDatabase((db) => {
        const empty = '47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=';
        db.prepare('INSERT INTO log (origin, tree_size, tree_hash) VALUES (?, 0, ?)').run(origin, empty);
        db.prepare('INSERT INTO key (origin, key) VALUES (?, ?)').run(origin, logKey);
      }),
    sizeOf: (origin) =>
      withDatabase(
        (db) =>
          db.prepare<[string], number>('SELECT tree_size FROM log WHERE origin = ?').pluck().get(origin) ??
          null,
      ),
    kill,
    restart: start,
    async stop() {
      kill();
      agent.kill();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** A port that was free a moment ago: litewitness does not say which one it was given. */
function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer();
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      const port = typeof address === 'object' && address ? address.port : 0;
      server.close(() => resolve(port));
    });
  });
}
