import { type ChildProcess, spawn, spawnSync } from 'node:child_process';

/** What a command said and how it ended. */
export interface Ended {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** A process that goes on, and all that it has said so far. */
export interface Running {
  readonly process: ChildProcess;
  readonly log: string;
  /** Exit code, or null where a signal ended it. */
  readonly gone: Promise<number | null>;
}

/** Why namespaces cannot be made here, in words for the name of a skipped test; null where they can. */
export function reasonForNoNamespaces(): string | null {
  if (process.platform !== 'linux') return 'not Linux';
  if (process.getuid?.() !== 0) return 'not root';
  const name = `probe-${process.pid}`;
  const made = spawnSync('ip', ['netns', 'add', name], { timeout: 10_000 });
  if (made.error) return 'no ip command';
  const works = spawnSync('ip', ['netns', 'exec', name, 'unshare', '--mount', 'true'], { timeout: 10_000 });
  spawnSync('ip', ['netns', 'delete', name]);
  if (made.status !== 0) return 'no network namespaces';
  return works.status === 0 ? null : 'no mount namespaces';
}

/** Network namespaces that know only each other. Nothing of the machine's own network is changed. */
export class Namespaces implements AsyncDisposable {
  static #made = 0;
  readonly #prefix = `sallyport-${process.pid}-${++Namespaces.#made}`;
  readonly #names: string[] = [];
  readonly #running: Running[] = [];
  #links = 0;

  add(name: string): void {
    const full = this.#full(name);
    ip('netns', 'add', full);
    this.#names.push(full);
    ip('-n', full, 'link', 'set', 'lo', 'up');
  }

  /** A cable between two of them; `at` and `bt` with prefix length: `198.18.1.1/24`. */
  link(a: string, at: string, b: string, bt: string): void {
    const [one, two] = [`a${++this.#links}`, `b${this.#links}`];
    ip(
      'link',
      'add',
      one,
      'netns',
      this.#full(a),
      'type',
      'veth',
      'peer',
      'name',
      two,
      'netns',
      this.#full(b),
    );
    for (const [name, device, address] of [
      [a, one, at],
      [b, two, bt],
    ] as const) {
      ip('-n', this.#full(name), 'address', 'add', address, 'dev', device);
      ip('-n', this.#full(name), 'link', 'set', device, 'up');
    }
  }

  /** `ip -n NAME …` */
  ip(name: string, ...args: string[]): void {
    ip('-n', this.#full(name), ...args);
  }

  /** Starts a command inside; `setup` is shell that prepares mounts, seen by this command only. */
  start(
    name: string,
    command: readonly string[],
    env: Readonly<Record<string, string>>,
    setup = '',
  ): Running {
    const script = `set -e\n${setup}\nexec "$@"`;
    const inside = ['netns', 'exec', this.#full(name), 'unshare', '--mount', '--propagation', 'private'];
    const child = spawn('ip', [...inside, 'sh', '-c', script, 'sh', 'env', '-i', ...pairs(env), ...command], {
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const out: string[] = [];
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (text: string) => out.push(text));
    }
    const running: Running = {
      process: child,
      get log() {
        return out.join('');
      },
      gone: new Promise((resolve, reject) => {
        child.once('error', reject);
        child.once('exit', (code) => resolve(code));
      }),
    };
    this.#running.push(running);
    return running;
  }

  /** Runs a command inside to its end, at most `timeoutMs`. */
  async run(
    name: string,
    command: readonly string[],
    env: Readonly<Record<string, string>>,
    setup = '',
    timeoutMs = 120_000,
  ): Promise<Ended> {
    const { process: child } = this.start(name, command, env, setup);
    let stdout = '';
    let stderr = '';
    child.stdout?.on('data', (text: string) => (stdout += text));
    child.stderr?.on('data', (text: string) => (stderr += text));
    const timer = setTimeout(() => child.kill('SIGKILL'), timeoutMs);
    try {
      const code = await new Promise<number>((resolve) =>
        child.once('close', (status) => resolve(status ?? 137)),
      );
      return { code, stdout, stderr };
    } finally {
      clearTimeout(timer);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const { process: child, gone } of this.#running) {
      if (child.exitCode === null && child.signalCode === null) child.kill('SIGKILL');
      await gone.catch(() => null);
    }
    for (const name of this.#names) spawnSync('ip', ['netns', 'delete', name]);
  }

  #full(name: string): string {
    return `${this.#prefix}-${name}`;
  }
}

function ip(...args: string[]): void {
  const { status, stderr, error } = spawnSync('ip', args, { encoding: 'utf8' });
  if (status !== 0) throw new Error(`ip ${args.join(' ')}: ${error?.message ?? stderr}`);
}

function pairs(env: Readonly<Record<string, string>>): string[] {
  return Object.entries(env).map(([name, value]) => `${name}=${value}`);
}
