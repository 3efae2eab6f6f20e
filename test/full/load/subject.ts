import { readdir, readFile, readlink, writeFile } from 'node:fs/promises';
import { type Firewall, type FirewallOptions, startFirewall } from '../../harness/firewall.ts';
import { Heart } from './heart.ts';
import type { Beats } from './heartbeat.ts';

// The firewall as the subject of a measurement: with a heartbeat inside, and its memory read from outside.

export interface Subject extends Firewall {
  /** The heartbeat's figures since the last time that it was asked. */
  beats(): Promise<Beats>;
  /** Resident memory now and at its highest since the start or `resetPeak`, MiB. */
  memory(): Promise<{ readonly now: number; readonly peak: number }>;
  resetPeak(): Promise<void>;
}

export async function startSubject(options: FirewallOptions): Promise<Subject> {
  const heart = new Heart();
  const env = { ...heart.env, SALLYPORT_LOG_LEVEL: 'warn', ...options.env };
  const firewall = await startFirewall({ ...options, env });
  const pid = firewall.process.pid ?? 0;
  if (!(await listens(pid, firewall.port))) {
    await firewall.remove();
    throw new Error(`what listens on ${firewall.port} is not the firewall that was started`);
  }
  return Object.create(firewall, {
    beats: { value: () => heart.ask(firewall.process) },
    memory: {
      async value() {
        const status = await readFile(`/proc/${pid}/status`, 'utf8');
        const kib = (name: string) => Number(new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(status)?.[1]);
        return { now: kib('VmRSS') / 1024, peak: kib('VmHWM') / 1024 };
      },
    },
    resetPeak: { value: () => writeFile(`/proc/${pid}/clear_refs`, '5') },
  }) as Subject;
}

/** Whether a process listens on a port of 127.0.0.1: the port's socket is one of its descriptors. */
async function listens(pid: number, port: number): Promise<boolean> {
  const hex = port.toString(16).toUpperCase().padStart(4, '0');
  const table = await readFile('/proc/net/tcp', 'utf8');
  const row = table.split('\n').find((line) => line.includes(`0100007F:${hex} 00000000:0000 0A`));
  const inode = row?.trim().split(/\s+/)[9];
  if (inode === undefined) return false;
  for (const descriptor of await readdir(`/proc/${pid}/fd`)) {
    const target = await readlink(`/proc/${pid}/fd/${descriptor}`).catch(() => '');
    if (target === `socket:[${inode}]`) return true;
  }
  return false;
}
