import type Database from 'better-sqlite3';
import type { Selection } from '../filter.ts';
import type { StoredEntry } from '../ledger.ts';
import type { Bounds } from './protocol.ts';

/** Types with an index of their own (schema: `entry_by_type`): all but the two that most entries are. */
const COMMON_TYPES: ReadonlySet<string> = new Set(['decision', 'served']);

interface EntryRow {
  readonly seq: number;
  readonly leaf: Buffer;
  readonly bytes: string;
}

/**
 * Looking through the log, by pages. Times need not rise with places (a clock may be set back), so a range of
 * times is first turned into the places between which it lies, and each entry's time is compared as well.
 */
export function entryReads(db: Database.Database) {
  const ends = db.prepare<[], { low: number | null; high: number | null }>(
    'SELECT (SELECT min(seq) FROM entry) AS low, (SELECT max(seq) FROM entry) AS high',
  );
  const firstSince = db
    .prepare<[number], number | null>('SELECT min(seq) FROM entry_index WHERE time >= ?')
    .pluck();
  const lastUntil = db
    .prepare<[number], number | null>('SELECT max(seq) FROM entry_index WHERE time < ?')
    .pluck();

  function bounds(selection: Selection): Bounds | null {
    const { low, high } = ends.get() ?? { low: null, high: null };
    const since = selection.since === undefined ? low : firstSince.get(selection.since);
    const until = selection.until === undefined ? high : lastUntil.get(selection.until);
    if (low === null || high === null || since == null || until == null) return null;
    const from = Math.max(low, since, (selection.after ?? -1) + 1);
    const to = Math.min(high, until, (selection.before ?? Number.MAX_SAFE_INTEGER) - 1);
    return from <= to ? { from, to } : null;
  }

  function page(selection: Selection, { from, to }: Bounds, limit: number, reverse: boolean): StoredEntry[] {
    const { conditions, values } = conditionsOf(selection);
    const rows = db
      .prepare<unknown[], EntryRow>(
        `SELECT entry.seq, entry.leaf, entry.bytes FROM entry_index AS i JOIN entry ON entry.seq = i.seq
         WHERE ${['i.seq BETWEEN ? AND ?', ...conditions].join(' AND ')}
         ORDER BY i.seq ${reverse ? 'DESC' : 'ASC'} LIMIT ?`,
      )
      .all(from, to, ...values, limit);
    return rows.map(({ seq, leaf, bytes }) => ({ seq, leaf: leaf.toString('hex'), bytes }));
  }

  return { bounds, page };
}

/** Conditions as SQL text of our own, and the values to bind. `+` keeps a column from choosing the index. */
function conditionsOf(selection: Selection): { conditions: string[]; values: (string | number | Buffer)[] } {
  const conditions: string[] = [];
  const values: (string | number | Buffer)[] = [];
  const where = (condition: string, value: string | number | Buffer | undefined) => {
    if (value === undefined) return;
    conditions.push(condition);
    values.push(value);
  };
  where('entry.leaf = ?', selection.leaf === undefined ? undefined : Buffer.from(selection.leaf, 'hex'));
  where('i.name = ?', selection.name);
  where('+i.ecosystem = ?', selection.ecosystem);
  where('+i.version = ?', selection.version);
  where('i.agent = ?', selection.agent);
  where('+i.time >= ?', selection.since);
  where('+i.time < ?', selection.until);
  where('i.type = ?', selection.type);
  where('i.verdict = ?', selection.verdict);
  // Partial indexes are only used where their own condition stands in the query, word for word.
  if (selection.verdict === 'refuse') conditions.push("i.verdict = 'refuse'");
  if (selection.type !== undefined && !COMMON_TYPES.has(selection.type)) {
    conditions.push("i.type NOT IN ('decision', 'served')");
  }
  return { conditions, values };
}
