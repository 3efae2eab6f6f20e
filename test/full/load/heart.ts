import { type ChildProcess, spawn } from 'node:child_process';
import { readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import type { Beats } from './heartbeat.ts';

/** The heartbeat of one process, from outside. */
export class Heart {
  /** What the process must have in its environment. */
  readonly env: Readonly<Record<string, string>>;
  readonly #file: string;
  static #made = 0;

  constructor() {
    this.#file = join(tmpdir(), `heartbeat-${process.pid}-${Heart.#made++}.json`);
    const module = pathToFileURL(join(import.meta.dirname, 'heartbeat.ts')).href;
    this.env = { NODE_OPTIONS: `--import ${module}`, HEARTBEAT_FILE: this.#file };
  }

  /** The figures since the last time that it was asked. */
  async ask(process: ChildProcess): Promise<Beats> {
    await rm(this.#file, { force: true });
    process.kill('SIGUSR2');
    for (let tries = 0; tries < 500; tries++) {
      await sleep(20);
      const text = await readFile(this.#file, 'utf8').catch(() => null);
      if (text !== null) return JSON.parse(text) as Beats;
    }
    throw new Error('the heartbeat did not answer');
  }
}

/** A process that does nothing: how late its beats are is what the machine does to any loop. */
export async function startBare(): Promise<{ beats(): Promise<Beats>; stop(): void }> {
  const heart = new Heart();
  const env = { ...process.env, ...heart.env };
  const child = spawn(process.execPath, ['-e', 'console.log(); setInterval(() => {}, 1000)'], {
    env,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  await new Promise((resolve) => child.stdout.once('data', resolve));
  return { beats: () => heart.ask(child), stop: () => void child.kill('SIGKILL') };
}
