import type { LogSource } from '../log/log-source.ts';

/** A log's files; where they can be listed, those are found as well that nothing accounts for. */
export interface AuditSource extends LogSource {
  /** The paths of all files, in no order. Left out where a log is read over a network. */
  list?(): AsyncIterable<string>;
}

/** A row of the database's copy: an entry by its place in the ledger. */
export interface EntryRow {
  readonly seq: number;
  readonly leaf: Buffer;
  /** Exactly as they are stored; none where the entry is withdrawn. */
  readonly bytes: Buffer;
}

/** A head that the ledger sealed before it was signed. */
export interface SealedRow {
  readonly size: number;
  readonly root: Buffer;
  /** Milliseconds since 1970. */
  readonly time: number;
}

/** The database beside a log: its own copy of the entries, what is searched, and every head that was signed. */
export interface DatabaseCopy {
  /** Rows `from` to `to` (exclusive), in order; those that are missing are left out. */
  rows(from: number, to: number): readonly EntryRow[];
  /** The highest `seq` when it was opened; -1 where there was no entry. */
  lastSeq(): number;
  /** The first row from `from` on, or null. */
  nextSeq(from: number): number | null;
  /** The heads of a log that are larger than `after`, smallest first, at most so many. */
  heads(log: number, after: number, limit: number): readonly SealedRow[];
  /** How many rows there are up to `lastSeq`. */
  rowCount(): number;
}
