import { readFileSync } from 'node:fs';
import { updateFeed } from '../../src/feed/refresh.ts';

// One update, in a process of its own: FOLDER FROM NOW. Tests kill it, or ask what it cost.

const [, , dir = '', from = '', now = '0'] = process.argv;
process.stdout.write('begins\n');
const [begun, used] = [performance.now(), process.cpuUsage()];
await updateFeed(dir, [from], () => Number(now), { force: false });
const { user, system } = process.cpuUsage(used);
const cost = { ms: performance.now() - begun, cpu: (user + system) / 1000, rss: mostMemory() };
process.stdout.write(`${JSON.stringify(cost)}\n`);

/** Bytes. What getrusage calls the most is that of the process which started this one, where that had more. */
function mostMemory(): number {
  const kilobytes = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1];
  return Number(kilobytes) * 1024;
}
