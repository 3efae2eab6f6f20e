import type { EntryDraft, Receipt } from '../ledger.ts';
import type { Head, LogRow } from './published.ts';

/** A head to be sealed. */
export type NewHead = Pick<Head, 'log' | 'size' | 'root' | 'time'>;

/** What the ledger keeps of its logs. Everything is durable when it resolves. */
export interface LogStore {
  /** Every log, the oldest first. */
  logs(): Promise<readonly LogRow[]>;
  /** The newest head that was sealed, of at most `size` entries where that is given. */
  sealedHead(log: number, size?: number): Promise<Head | null>;
  /** The head that was sealed at exactly this size. */
  headAt(log: number, size: number): Promise<Head | null>;
  /** The highest `seq` that was ever given; -1 where there is none. */
  lastSeq(): Promise<number>;
  /**
   * Seals a head: from now on no other can be sealed at this size, and none below it. The same again is no news. Rejects
   * with LedgerError `conflict` for what contradicts the newest, and where the log is not the newest.
   */
  seal(head: NewHead): Promise<void>;
  /** Begins a log at its base, with its first entry there, in one transaction. Rejects with `conflict`. */
  openLog(row: LogRow, first: EntryDraft | null): Promise<Receipt | null>;
  /** Raises the minimum of a log and enters that, in one transaction; nothing is removed yet. */
  withdraw(log: number, minimum: number, entry: EntryDraft): Promise<Receipt>;
  /** Empties entries that are withdrawn, at most `count` of them; resolves with how many are left. */
  clearWithdrawn(count: number): Promise<number>;
}
