import type { StoredEntry } from '../ledger/ledger.ts';
import type { LogRow } from '../ledger/published/published.ts';

/** Where an entry stands: in which log, and at which place in it. */
export interface LogPlace {
  readonly log: LogRow;
  readonly index: number;
}

/** The log that has an entry: of those that begin at it or before it, the last. null where none does. */
export function placeIn(rows: readonly LogRow[], seq: number): LogPlace | null {
  const log = rows.findLast(({ base }) => base <= seq);
  return log ? { log, index: seq - log.base } : null;
}

/** An entry as JSON, its bytes as they were written. One that was withdrawn has a place, a hash, and is null. */
export function told({ seq, leaf, bytes }: StoredEntry, rows: readonly LogRow[]): string {
  const place = placeIn(rows, seq);
  const [log, index] = place ? [place.log.number, place.index] : [null, null];
  return `{"seq":${seq},"leaf":"${leaf}","log":${log},"index":${index},"entry":${bytes || 'null'}}`;
}
