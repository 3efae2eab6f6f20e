import type { LoggedEntry } from '../exports/logged.ts';
import type { KnownLog } from '../exports/logs.ts';
import { logsIn } from '../ledger/audit/data-folder.ts';
import type { OpenCheckpoint } from '../ledger/log/checkpoint.ts';
import { LogError } from '../ledger/log/log-error.ts';
import { proveEntry } from '../ledger/log/tlog-proof.ts';
import { coveringCheckpoint } from './covering-checkpoint.ts';

/**
 * Looks for entries of the database in the log that was published: what is signed of an entry must not rest on a file
 * that anybody wrote who had not the key. False for one that no checkpoint covers; rejects for one that the log has not.
 */
export function inLog(data: string, known: readonly KnownLog[]): (entry: LoggedEntry) => Promise<boolean> {
  const found = logsIn(data);
  const checkpoints = new Map<number, OpenCheckpoint | null>();
  return async ({ seq, log: place, bytes }) => {
    const log = (await found)?.logs.find(({ number }) => number === place?.number);
    const vkey = known.find(({ number }) => number === place?.number)?.vkey;
    if (!place || !log || vkey === undefined) return false;
    const { number, index } = place;
    try {
      let checkpoint = checkpoints.get(number);
      // One that is not there now will not come for the next entry either.
      if (checkpoint === undefined || (checkpoint && checkpoint.size <= index))
        checkpoint = await coveringCheckpoint(log.source, vkey, index);
      checkpoints.set(number, checkpoint);
      if (!checkpoint || checkpoint.size <= index) return false;
      const { extra } = await proveEntry(log.source, checkpoint, index);
      if (!extra?.equals(Buffer.from(bytes))) throw new LogError('it has another one there');
      return true;
    } catch (error) {
      if (!(error instanceof LogError)) throw error;
      throw new Error(
        `entry ${seq} is not in log ${number}: ${error.message}; sallyport ledger verify says more`,
        { cause: error },
      );
    }
  };
}
