import { type ChildProcess, fork } from 'node:child_process';
import { join } from 'node:path';
import type { UpstreamCalls } from './upstream.child.ts';

/** The fake upstream in a child process. A call is a message and its answer. */
export interface LoadUpstream {
  readonly npm: string;
  readonly pypi: string;
  call<K extends keyof UpstreamCalls>(
    name: K,
    ...args: Parameters<UpstreamCalls[K]>
  ): Promise<Awaited<ReturnType<UpstreamCalls[K]>>>;
  /** How often a path that matches was asked for. */
  count(path: RegExp): Promise<number>;
  close(): Promise<void>;
}

export async function startUpstream(): Promise<LoadUpstream> {
  const child: ChildProcess = fork(join(import.meta.dirname, 'upstream.child.ts'), [], { execArgv: [] });
  const waiting = new Map<number, (value: unknown) => void>();
  let next = 0;
  const started = new Promise<unknown>((resolve) => waiting.set(-1, resolve));
  const gone = new Promise<never>((_, reject) => {
    child.once('exit', (code) => reject(new Error(`the fake upstream ended with ${code}`)));
  });
  gone.catch(() => undefined);
  child.on('message', ({ id, value }: { id: number; value: unknown }) => {
    waiting.get(id)?.(value);
    waiting.delete(id);
  });
  const call = <T>(name: string, ...args: unknown[]): Promise<T> => {
    const id = next++;
    const answer = new Promise<T>((resolve) => waiting.set(id, resolve as (value: unknown) => void));
    child.send({ id, call: name, args });
    return Promise.race([answer, gone]);
  };
  await Promise.race([started, gone]);
  const bases = await call<{ npm: string; pypi: string }>('bases');
  return {
    ...bases,
    call,
    count: async (path) => (await call<string[]>('asked')).filter((line) => path.test(line)).length,
    async close() {
      const ended = new Promise((resolve) => child.once('exit', resolve));
      child.disconnect();
      await ended;
    },
  };
}
