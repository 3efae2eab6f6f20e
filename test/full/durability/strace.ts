import { spawn, spawnSync } from 'node:child_process';

/** Why a running process cannot be traced here, in words for the name of a skipped test; null where it can. */
export function reasonForNoStrace(): string | null {
  if (process.platform !== 'linux') return 'not Linux';
  if (process.getuid?.() !== 0) return 'not root';
  const probe = spawnSync('strace', ['-f', '-qq', '-o', '/dev/null', 'true'], { timeout: 10_000 });
  if (probe.error) return 'no strace';
  return probe.status === 0 ? null : 'strace may trace nothing';
}

export interface Tracer extends AsyncDisposable {
  /** Lets go of the process, which goes on. */
  detach(): Promise<void>;
}

/** Attaches strace to a running process, all threads of it, those to come included. */
export async function strace(pid: number, ...args: string[]): Promise<Tracer> {
  const child = spawn('strace', ['-f', '-p', String(pid), ...args], { stdio: ['ignore', 'ignore', 'pipe'] });
  let said = '';
  const gone = new Promise<void>((resolve) => child.once('close', () => resolve()));
  const attached = new Promise<boolean>((resolve) => {
    child.stderr.on('data', (chunk: Buffer) => {
      said += chunk;
      if (/ attached/.test(said)) resolve(true);
    });
    child.once('error', () => resolve(false));
    void gone.then(() => resolve(false));
  });
  if (!(await attached)) throw new Error(`strace did not attach: ${said}`);
  const detach = async () => {
    if (child.exitCode === null && child.signalCode === null) child.kill('SIGTERM');
    await gone;
  };
  return { detach, [Symbol.asyncDispose]: detach };
}
