import type Database from 'better-sqlite3';
import type { Selection } from '../filter.ts';
import { bytesOf } from './dictionary.ts';
import { MINUTE } from './index-writes.ts';

/**
 * How a selection is looked for: its conditions in numbers of the dictionaries, the places between which its entries lie,
 * and by which index they are walked. Made once for a query, so that all its pages speak of the same entries.
 */
export interface Plan extends Bounds {
  readonly conditions: Conditions;
  readonly driver: Driver;
}

/** Places of entries, both inclusive. */
export interface Bounds {
  readonly from: number;
  readonly to: number;
}

/** Each is a list of which one must hold; what is left out holds of every entry. */
export interface Conditions {
  /** Places: what a leaf hash stands for. */
  readonly places?: readonly number[];
  readonly shapes?: readonly number[];
  readonly agents?: readonly number[];
  readonly policies?: readonly number[];
  readonly rules?: readonly number[];
  readonly packages?: readonly number[];
  /** Within `packages`. */
  readonly subjects?: readonly number[];
  readonly marks?: readonly number[];
  readonly since?: number;
  readonly until?: number;
}

/** By what entries are walked: each but `sequence` by an index that has its condition's numbers, then places. */
export type Driver =
  | 'places'
  | 'shapes'
  | 'agents'
  | 'policies'
  | 'rules'
  | 'packages'
  | 'marks'
  | 'sequence';

/** Where a driver's numbers stand. */
export const INDEXES = {
  shapes: { table: 'entry_index', index: 'entry_by_shape', column: 'shape' },
  agents: { table: 'entry_index', index: 'entry_by_agent', column: 'agent' },
  policies: { table: 'entry_index', index: 'entry_by_policy', column: 'policy' },
  rules: { table: 'entry_index', index: 'entry_by_rules', column: 'rules' },
  packages: { table: 'package_entry', index: null, column: 'package' },
  marks: { table: 'mark', index: null, column: 'word' },
} as const satisfies Partial<Record<Driver, { table: string; index: string | null; column: string }>>;

/** How far candidates are counted to find the one with the fewest: each step only where no count ended before it. */
const PROBES = [1000, 30_000, 1_000_000];

/** A walk in log order reads what lies side by side: it is chosen over an index with more than this share of it. */
const SHARE = 1 / 4;

/** Plans a selection; null where nothing can match. To be run inside one read transaction. */
export function planner(db: Database.Database): (selection: Selection) => Plan | null {
  const resolve = resolver(db);
  const bounds = boundsOf(db);
  return (selection) => {
    const range = bounds(selection);
    const conditions = range && resolve(selection);
    return conditions && { ...range, conditions, driver: driverOf(db, range, conditions) };
  };
}

/**
 * Times need not rise with places (a clock may be set back), so a range of times is first turned into the places between
 * which it lies, by the minute; each entry's time is compared as well.
 */
function boundsOf(db: Database.Database): (selection: Selection) => Bounds | null {
  const ends = db.prepare<[], { low: number | null; high: number | null }>(
    'SELECT (SELECT min(seq) FROM entry_index) AS low, (SELECT max(seq) FROM entry_index) AS high',
  );
  const since = db
    .prepare<[number], number | null>('SELECT min(first) FROM minute_run WHERE minute >= ?')
    .pluck();
  const until = db
    .prepare<[number], number | null>('SELECT max(first) FROM minute_run WHERE minute <= ?')
    .pluck();
  const nextRun = db
    .prepare<[number], number | null>('SELECT min(first) FROM minute_run WHERE first > ?')
    .pluck();

  return (selection) => {
    const { low, high } = ends.get() ?? { low: null, high: null };
    if (low === null || high === null) return null;
    let from = Math.max(low, (selection.after ?? -1) + 1);
    let to = Math.min(high, (selection.before ?? Number.MAX_SAFE_INTEGER) - 1);
    if (selection.since !== undefined) {
      const first = since.get(Math.floor(selection.since / MINUTE)) ?? null;
      if (first === null) return null;
      from = Math.max(from, first);
    }
    if (selection.until !== undefined) {
      const last = until.get(Math.floor((selection.until - 1) / MINUTE)) ?? null;
      if (last === null) return null;
      const next = nextRun.get(last) ?? null;
      if (next !== null) to = Math.min(to, next - 1);
    }
    return from <= to ? { from, to } : null;
  };
}

/** The selection in numbers; null where one of its words was never written. */
function resolver(db: Database.Database): (selection: Selection) => Conditions | null {
  const numbers = (sql: string) => db.prepare<unknown[], number>(sql).pluck();
  const byLeaf = numbers('SELECT seq FROM entry WHERE substr(leaf, 1, 8) = ? AND leaf = ?');
  const word = numbers('SELECT id FROM word WHERE kind = ? AND text = ?');
  const words = numbers('SELECT id FROM word WHERE kind = ? AND text IN (SELECT value FROM json_each(?))');
  const rules = numbers('SELECT word FROM rule_word WHERE rule = ?');
  const shapes = numbers(
    `SELECT id FROM shape WHERE type = coalesce(?, type) AND verdict = coalesce(?, verdict) AND route = coalesce(?, route)
       AND profile = coalesce(?, profile) AND provenance = coalesce(?, provenance)
       AND (? IS NULL OR EXISTS (SELECT 1 FROM json_each(codes) WHERE value = ?))`,
  );
  const packages = numbers(
    'SELECT id FROM logged_package WHERE name = ? AND ecosystem = coalesce(?, ecosystem)',
  );
  const versions = numbers(
    `SELECT id FROM subject WHERE package IN (SELECT value FROM json_each(?))
       AND version IN (SELECT value FROM json_each(?))`,
  );
  const digests = {
    sha256: db.prepare<[Buffer, Buffer], { id: number; package: number }>(
      `SELECT id, package FROM subject WHERE sha256 <> x'' AND substr(sha256, 1, 8) = ? AND sha256 = ?`,
    ),
    sha512: db.prepare<[Buffer, Buffer], { id: number; package: number }>(
      `SELECT id, package FROM subject WHERE sha512 <> x'' AND substr(sha512, 1, 8) = ? AND sha512 = ?`,
    ),
  };

  function subjectsOf(selection: Selection): Pick<Conditions, 'packages' | 'subjects'> {
    const { name, ecosystem, version, digest } = selection;
    let found: Pick<Conditions, 'packages' | 'subjects'> = {};
    if (name !== undefined) {
      const wanted = selection.versions ?? (version === undefined ? null : [version]);
      const ids = packages.all(name, ecosystem ?? null);
      found = { packages: ids };
      if (wanted) found = { ...found, subjects: versions.all(JSON.stringify(ids), JSON.stringify(wanted)) };
    }
    if (digest !== undefined) {
      const bytes = bytesOf(digest);
      const prefix = bytes.subarray(0, 8);
      const among = found;
      const rows = (digest.startsWith('sha256:') ? digests.sha256 : digests.sha512)
        .all(prefix, bytes)
        .filter((row) => !among.packages || among.packages.includes(row.package))
        .filter((row) => !among.subjects || among.subjects.includes(row.id));
      found = { packages: [...new Set(rows.map((row) => row.package))], subjects: rows.map(({ id }) => id) };
    }
    return found;
  }

  return (selection) => {
    const { leaf, agents, verdict, route, profile, code, rule, policy, waiver, provenance, type } = selection;
    const fixed = [type, verdict, route, profile, provenance, code, code];
    const conditions: Conditions = {
      ...(leaf !== undefined && { places: byLeaf.all(...halves(leaf)) }),
      ...(agents !== undefined && { agents: words.all('agent', JSON.stringify(agents)) }),
      ...(policy !== undefined && { policies: word.all('policy', policy) }),
      ...(rule !== undefined && { rules: rules.all(rule) }),
      ...(waiver === '*' && { marks: word.all('waived', '') }),
      ...(waiver !== undefined &&
        waiver !== '*' && { marks: [...word.all('waiver', waiver), ...word.all('lifted', waiver)] }),
      ...(fixed.some((text) => text !== undefined) && {
        shapes: shapes.all(...fixed.map((text) => text ?? null)),
      }),
      ...subjectsOf(selection),
      ...(selection.since !== undefined && { since: selection.since }),
      ...(selection.until !== undefined && { until: selection.until }),
    };
    const isEmpty = Object.values(conditions).some((list) => Array.isArray(list) && list.length === 0);
    return isEmpty ? null : conditions;
  };
}

function halves(leaf: string): [prefix: Buffer, whole: Buffer] {
  const bytes = Buffer.from(leaf, 'hex');
  return [bytes.subarray(0, 8), bytes];
}

/** The index with the fewest entries to look at. Counting ends early, so it never costs more than a walk would. */
function driverOf(db: Database.Database, { from, to }: Bounds, conditions: Conditions): Driver {
  if (conditions.places) return 'places';
  const width = to - from + 1;
  const counts = Object.entries(INDEXES).flatMap(([driver, { table, index, column }]) => {
    const numbers = conditions[driver as keyof typeof INDEXES];
    if (!numbers) return [];
    const count = db
      .prepare<[string, number, number, number], number>(
        `SELECT count(*) FROM (SELECT 1 FROM ${table} ${index ? `INDEXED BY ${index}` : ''} WHERE ${column} IN (SELECT value FROM json_each(?))
           AND seq BETWEEN ? AND ? LIMIT ?)`,
      )
      .pluck();
    return [
      {
        driver: driver as keyof typeof INDEXES,
        count: (limit: number) => count.get(JSON.stringify(numbers), from, to, limit) ?? 0,
      },
    ];
  });
  if (counts.length === 0) return 'sequence';
  for (const limit of PROBES) {
    const best = counts
      .map(({ driver, count }) => ({ driver, entries: count(limit) }))
      .reduce((a, b) => (b.entries < a.entries ? b : a));
    if (best.entries < limit) return best.entries > width * SHARE ? 'sequence' : best.driver;
    if (limit > width * SHARE) return 'sequence';
  }
  return 'sequence';
}
