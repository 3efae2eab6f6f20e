import type Database from 'better-sqlite3';
import type { Selection } from '../filter.ts';
import type { LoggedVersion, StatsGroup, StatsKey, StoredEntry } from '../ledger.ts';
import { LedgerError } from '../ledger.ts';
import { indexChecks, indexDefect } from './index-check.ts';
import { type Bounds, type Plan, planner } from './plan.ts';
import type { EntryCalls, Page } from './protocol.ts';
import { scanner } from './scan.ts';
import { statsOf } from './stats.ts';

interface EntryRow {
  readonly seq: number;
  readonly leaf: Buffer;
  readonly bytes: string;
}

/**
 * Looking through the log. The first query of a connection counts the index against the entries: one that was damaged, or
 * is being rebuilt, answers nothing until it is whole.
 */
export function entryReads(db: Database.Database): EntryCalls {
  const plan = planner(db);
  const scan = scanner(db);
  const entry = db.prepare<[number], EntryRow>('SELECT seq, leaf, bytes FROM entry WHERE seq = ?');
  const versions = db.prepare<[string, string | null, string | null], LoggedVersion>(
    `SELECT DISTINCT ecosystem, name, version FROM logged_package JOIN subject ON package = logged_package.id
     WHERE name = ? AND ecosystem = coalesce(?, ecosystem) AND version = coalesce(?, version) AND version <> ''`,
  );
  let whole = false;

  /** Runs on one state of the database. */
  function reading<T>(work: () => T): T {
    return db.transaction(() => {
      if (!whole) {
        const defect = indexDefect(db);
        if (defect) throw new LedgerError('unavailable', defect);
        whole = true;
      }
      return work();
    })();
  }

  function page(plan: Plan, left: Bounds, limit: number, reverse: boolean): Page {
    const { rows, rest } = scan(plan, left, 'shape', limit, reverse);
    return { entries: rows.map(([seq]) => entryAt(seq)), rest };
  }

  function entryAt(seq: number): StoredEntry {
    const row = entry.get(seq);
    if (!row) throw new LedgerError('unavailable', `the query index has an entry ${seq} that is not there`);
    return { seq, leaf: row.leaf.toString('hex'), bytes: row.bytes };
  }

  const stats = statsOf(db, scan);
  const last = db
    .prepare<[], number | null>(
      'SELECT max(seq) FROM (SELECT max(seq) AS seq FROM entry UNION ALL SELECT max(seq) FROM entry_index)',
    )
    .pluck();
  return {
    plan: (selection: Selection) => reading(() => plan(selection)),
    page,
    stats: (selection: Selection, by: StatsKey, limit: number): Promise<StatsGroup[]> =>
      stats(selection, by, limit, reading),
    versionsOf: ({ name = '', ecosystem, version }: Selection) =>
      reading(() => versions.all(name, ecosystem ?? null, version ?? null)),
    lastEntry: () => last.get() ?? -1,
    ...indexChecks(db),
  };
}
