import type { LogRow } from '../published/published.ts';
import { openForReading } from '../sqlite/database.ts';
import type { DatabaseCopy, EntryRow, SealedRow } from './audit-source.ts';

/** The database of a data folder, opened for an audit: nothing is written, and a server may be at work. */
export interface AuditDatabase extends DatabaseCopy {
  readonly path: string;
  /** Every log that the ledger knows, the oldest first. */
  logs(): readonly LogRow[];
  /** The row of a leaf hash. */
  byLeaf(leaf: Buffer): EntryRow | null;
  close(): void;
}

/** Opens it. Throws LedgerError `unavailable` where there is none, or one of another version. */
export function openDatabase(path: string): AuditDatabase {
  const db = openForReading(path);
  // As they are stored: a text that is not UTF-8 must not be read as if it were.
  const rows = db.prepare<[number, number], EntryRow>(
    'SELECT seq, leaf, CAST(bytes AS BLOB) AS bytes FROM entry WHERE seq >= ? AND seq < ? ORDER BY seq',
  );
  // What a server appends from now on is another audit's.
  const until = db.prepare<[], number | null>('SELECT max(seq) FROM entry').pluck().get() ?? -1;
  const next = db.prepare<[number], number | null>('SELECT min(seq) FROM entry WHERE seq >= ?').pluck();
  const heads = db.prepare<[number, number, number], SealedRow>(
    'SELECT size, root, time FROM head WHERE log = ? AND size > ? ORDER BY size LIMIT ?',
  );
  const logs = db.prepare<[], LogRow>(
    'SELECT number, origin, vkey, base, opened, minimum FROM log ORDER BY number',
  );
  const byLeaf = db.prepare<[Buffer, Buffer], EntryRow>(
    `SELECT seq, leaf, CAST(bytes AS BLOB) AS bytes FROM entry
     WHERE substr(leaf, 1, 8) = substr(?, 1, 8) AND leaf = ?`,
  );
  const count = db.prepare<[number], number>('SELECT count(*) FROM entry WHERE seq <= ?').pluck();
  return {
    path,
    rows: (from, to) => rows.all(from, to),
    lastSeq: () => until,
    nextSeq: (from) => next.get(from) ?? null,
    heads: (log, after, limit) => heads.all(log, after, limit),
    rowCount: () => count.get(until) ?? 0,
    logs: () => logs.all(),
    byLeaf: (leaf) => byLeaf.get(leaf, leaf) ?? null,
    close: () => void db.close(),
  };
}
