import type { LogRow } from '../published/published.ts';
import { openForReading } from '../sqlite/database.ts';
import type { DatabaseCopy, EntryRow, IndexProblem, SealedRow } from './audit-source.ts';

/** The database of a data folder, opened for an audit: nothing is written, and a server may be at work. */
export interface AuditDatabase extends DatabaseCopy {
  /** Every log that the ledger knows, the oldest first. */
  logs(): readonly LogRow[];
  close(): void;
}

/** Opens it. Throws LedgerError `unavailable` where there is none, or one of another version. */
export function openDatabase(path: string): AuditDatabase {
  const db = openForReading(path);
  // As they are stored: a text that is not UTF-8 must not be read as if it were.
  const rows = db.prepare<[number, number], EntryRow>(
    'SELECT seq, leaf, CAST(bytes AS BLOB) AS bytes FROM entry WHERE seq >= ? AND seq < ? ORDER BY seq',
  );
  const last = db.prepare<[], number | null>('SELECT max(seq) FROM entry').pluck();
  const next = db.prepare<[number], number | null>('SELECT min(seq) FROM entry WHERE seq >= ?').pluck();
  const heads = db.prepare<[number, number, number], SealedRow>(
    'SELECT size, root, time FROM head WHERE log = ? AND size > ? ORDER BY size LIMIT ?',
  );
  const logs = db.prepare<[], LogRow>(
    'SELECT number, origin, vkey, base, opened, minimum FROM log ORDER BY number',
  );
  return {
    rows: (from, to) => rows.all(from, to),
    lastSeq: () => last.get() ?? -1,
    nextSeq: (from) => next.get(from) ?? null,
    heads: (log, after, limit) => heads.all(log, after, limit),
    indexProblems: (): readonly IndexProblem[] => [],
    logs: () => logs.all(),
    close: () => void db.close(),
  };
}
