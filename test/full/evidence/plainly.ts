import { execFile } from 'node:child_process';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import type { Address, Step } from '../../harness/clients.ts';
import type { ClientBox } from '../../harness/clients-box.ts';

export interface Ran {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/**
 * A command in a box's project and home, but not in its jail: with `env` beside what the client needs to ask the
 * firewall, and nothing of this process's own environment.
 */
export async function runPlainly(
  box: ClientBox,
  step: Step,
  address: Address,
  env: Readonly<Record<string, string>>,
): Promise<Ran> {
  const options = {
    cwd: box.project,
    env: {
      PATH: `${dirname(process.execPath)}:/usr/bin:/bin`,
      HOME: join(box.root, 'home'),
      TMPDIR: join(box.root, 'tmp'),
      NO_COLOR: '1',
      ...box.client.env(address),
      ...env,
    },
    maxBuffer: 1 << 26,
  };
  try {
    return { code: 0, ...(await promisify(execFile)(step.command, [...step.args], options)) };
  } catch (error) {
    const { code, stdout, stderr } = error as { code?: unknown; stdout?: string; stderr?: string };
    if (typeof code !== 'number') throw error;
    return { code, stdout: stdout ?? '', stderr: stderr ?? '' };
  }
}
