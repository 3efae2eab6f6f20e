import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Report } from './run.ts';

/** Runs run.ts in a process of its own, whose modules are read with a site at every await. */
export async function reportOf(extent: 'short' | 'long' | 'hang', timeout: number): Promise<Report> {
  const here = import.meta.dirname;
  const args = ['--import', join(here, 'hook.ts'), join(here, 'run.ts'), extent];
  const { stdout } = await promisify(execFile)(process.execPath, args, { timeout, maxBuffer: 1 << 28 });
  return JSON.parse(stdout.trim().split('\n').at(-1) ?? '') as Report;
}
