import { adminEntry } from '../entry.ts';
import { entry, type Maybe, type Stamp, some } from '../entry-parts.ts';
import type { EntryDraft } from '../ledger.ts';
import type { KnownHead, LogRow } from './published.ts';

/** Why a log ends and the next begins. */
export type LogReason = 'rotation' | 'rollback' | 'key-lost';

/** The log that ends: `size` and `root` are over all entries that this ledger has of it, `signed` is the last signed size. */
export interface PreviousLog extends Pick<LogRow, 'origin' | 'vkey'> {
  readonly log: number;
  readonly size: number;
  readonly root: string;
  readonly signed: number;
}

export interface LogInput extends Stamp {
  readonly row: LogRow;
  readonly reason: LogReason;
  readonly previous: PreviousLog;
  /** What showed a rollback. */
  readonly known?: Maybe<KnownHead>;
}

/** The first entry of every log but the first. */
export function logEntry({ id, time, row, reason, previous, known }: LogInput): EntryDraft {
  const { log, origin, vkey, size, root, signed } = previous;
  return entry(
    'log',
    { id, time },
    {
      log: row.number,
      origin: row.origin,
      vkey: row.vkey,
      base: row.base,
      reason,
      previous: { log, origin, vkey, size, root, signed },
      known: known && some({ size: known.size, root: known.root, from: known.from }),
    },
  );
}

/** Entries of a log below a place are withdrawn from reading, under the written policy of this digest. */
export interface WithdrawnInput extends Stamp {
  readonly log: number;
  readonly below: number;
  /** `sha256:…` of the written policy. */
  readonly policy: string;
  /** How many become unreadable by it. */
  readonly entries: number;
}

export function withdrawnEntry(input: WithdrawnInput): EntryDraft {
  const { log, below, policy, entries } = input;
  return adminEntry('entries-withdrawn', input, { log, below, policy, entries });
}

/** The last entry of a log whose key is rotated: under the old key it says which one comes next. */
export function keyRotatedEntry({
  log,
  origin,
  vkey,
  ...stamp
}: Stamp & Pick<LogRow, 'origin' | 'vkey'> & { readonly log: number }): EntryDraft {
  return adminEntry('key-rotated', stamp, { log, origin, vkey });
}
