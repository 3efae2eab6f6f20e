import { renameSync, writeFileSync } from 'node:fs';
import { monitorEventLoopDelay, performance } from 'node:perf_hooks';
import { isMainThread } from 'node:worker_threads';

/**
 * What the event loop of a process did since the last report, milliseconds. A beat is due every 10 ms: `pause`
 * is the longest time by which one was late on the clock, `busy` the most CPU that the main thread used between
 * two beats. A pause without CPU is a wait for the disk or a lock, or for a processor that others have.
 */
export interface Beats {
  readonly pause: number;
  readonly busy: number;
  readonly beats: number;
  /** Maximum of perf_hooks.monitorEventLoopDelay: on the clock, like `pause`. */
  readonly delay: number;
}

const BEAT = 10;

// Preloaded into the process that is measured: SIGUSR2 writes the figures to HEARTBEAT_FILE and starts anew.
const file = process.env['HEARTBEAT_FILE'];
if (isMainThread && file !== undefined) beat(file);

function beat(file: string): void {
  const histogram = monitorEventLoopDelay({ resolution: 5 });
  histogram.enable();
  const fresh = () => ({ pause: 0, busy: 0, beats: 0 });
  let seen = fresh();
  let last = moment();
  setInterval(() => {
    const now = moment();
    seen = {
      pause: Math.max(seen.pause, now.at - last.at - BEAT),
      busy: Math.max(seen.busy, now.ran - last.ran),
      beats: seen.beats + 1,
    };
    last = now;
  }, BEAT).unref();
  process.on('SIGUSR2', () => {
    const report: Beats = { ...seen, delay: histogram.max / 1e6 };
    seen = fresh();
    histogram.reset();
    writeFileSync(`${file}.tmp`, JSON.stringify(report));
    renameSync(`${file}.tmp`, file);
    last = moment();
  });
}

/** The clock, and the CPU that the main thread has used, ms. */
function moment(): { readonly at: number; readonly ran: number } {
  const { user, system } = process.threadCpuUsage();
  return { at: performance.now(), ran: (user + system) / 1000 };
}
