import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

/** What a child process that appends has acknowledged. */
export interface Appender {
  /** Acknowledged entries, place → leaf hash. A line that the kill cut short is none. */
  readonly acks: Map<number, string>;
  /** Codes of refused appends. */
  readonly refusals: string[];
  /** Resolves when the condition holds after some line; rejects when the child ends before. */
  until(condition: () => boolean): Promise<void>;
  readonly ended: Promise<void>;
  /** SIGKILL, to the process that appends (a tracer around it lets it live on). Resolves when it is gone. */
  kill(): Promise<void>;
  stderr(): string;
}

const FIXTURE = fileURLToPath(new URL('./fixtures/appender.ts', import.meta.url));

/** Starts a process that appends to the ledger in `dir`; `wrap` is a command in front of it (`strace -f …`). */
export function startAppender(dir: string, tag: string, wrap: readonly string[] = []): Appender {
  const [command = process.execPath, ...args] = [...wrap, process.execPath, FIXTURE, dir, tag];
  const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  const acks = new Map<number, string>();
  const refusals: string[] = [];
  const waiting: { condition(): boolean; resolve(): void }[] = [];
  let errors = '';
  let pid: number | null = null;
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    errors += text;
  });
  createInterface({ input: child.stdout }).on('line', (line) => {
    const match = /^(\d+) ([0-9a-f]{64})$/.exec(line);
    if (match) {
      if (acks.has(Number(match[1]))) errors += `place ${match[1]} was given twice\n`;
      acks.set(Number(match[1]), String(match[2]));
    }
    if (line.startsWith('open ')) pid = Number(line.slice('open '.length));
    if (line.startsWith('refused ')) refusals.push(line.slice('refused '.length));
    for (const wait of waiting) if (wait.condition()) wait.resolve();
  });
  const ended = new Promise<void>((resolve) => child.once('close', () => resolve()));
  return {
    acks,
    ended,
    async kill() {
      if (pid !== null) process.kill(pid, 'SIGKILL');
      await ended;
    },
    refusals,
    until: (condition) =>
      new Promise((resolve, reject) => {
        waiting.push({ condition, resolve });
        ended.then(() => reject(new Error(`the child ended after ${acks.size} entries: ${errors}`)));
      }),
    stderr: () => errors,
  };
}
