import { constants, setPriority } from 'node:os';

/**
 * Lets this thread give way to the event loop and to the ledger where processors are short: bulk work is late
 * without it, a small answer would be. Linux alone has priorities of threads; elsewhere this would be the whole
 * process, and nothing is done.
 */
export function giveWay(): void {
  if (process.platform !== 'linux') return;
  // Some sandboxes forbid it, and the work is as right without it.
  try {
    setPriority(0, constants.priority.PRIORITY_BELOW_NORMAL);
  } catch {}
}
