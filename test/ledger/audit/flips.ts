import { verifierKey } from '../../../src/ledger/log/note.ts';
import { audited, type ForgedLog, forgedLog, logFiles, shortEntries } from './forged.ts';

/** A small log with full and partial tiles, and partial ones that earlier sizes left. */
export function smallLog(size = 258): ForgedLog {
  const log = forgedLog(shortEntries(size));
  for (const earlier of [3, 257])
    for (const [path, bytes] of logFiles(shortEntries(earlier)))
      if (!log.files.has(path)) log.files.set(path, bytes);
  log.files.set('cosigned', Buffer.from(log.checkpoint(200)));
  return log;
}

/** A byte that was changed, and what came of it. */
export interface Flip {
  readonly path: string;
  readonly at: number;
  readonly problems: number;
  readonly ms: number;
}

/**
 * Changes each byte of every file, one at a time, and audits the log each time. `step` and `start`: only every so many.
 * The key is the auditor's own.
 */
export async function eachFlip(log: ForgedLog, step: number, told: (flip: Flip) => void): Promise<number> {
  const keys = [verifierKey(log.vkey)];
  let flips = 0;
  let turn = 0;
  for (const [path, bytes] of log.files) {
    for (let at = 0; at < bytes.length; at++) {
      if (turn++ % step !== 0) continue;
      const changed = Buffer.from(bytes);
      // Each time another bit, so that no kind of byte is only ever changed in one way.
      changed[at] = (changed[at] ?? 0) ^ (1 << (turn % 8));
      log.files.set(path, changed);
      const began = performance.now();
      const { problems } = await audited(log, { keys });
      told({ path, at, problems, ms: performance.now() - began });
      flips++;
    }
    log.files.set(path, bytes);
  }
  return flips;
}
