import type Database from 'better-sqlite3';
import { type Bounds, type Driver, INDEXES, type Plan } from './plan.ts';

/**
 * What of an entry is given with its place: a column of `entry_index`, or each subject that the package filter found. Of
 * those the limit must be higher than one entry can have.
 */
export type Column = 'shape' | 'agent' | 'policy' | 'rules' | 'subject' | 'found';

export type Row = readonly [seq: number, value: number | null];

/** A part of a walk. `rest` is what was not looked at yet; null where there is nothing left. */
export interface Part {
  readonly rows: readonly Row[];
  readonly rest: Bounds | null;
}

/** Milliseconds that one call may walk before it gives way to others. */
const PATIENCE = 40;

/** Places that are looked at by the first statement of a call; the next ones look at as many as time allows. */
const FIRST_WINDOW = 4096;

/** Compiled statements that are kept. */
const MAX_STATEMENTS = 100;

/**
 * Walks a plan in log order or against it, in windows of places whose width follows from what the one before cost: a filter
 * that matches next to nothing is given up after `PATIENCE` and gone on with later, so that no query holds the thread.
 */
export function scanner(db: Database.Database) {
  const statements = new Map<string, Database.Statement<unknown[], Row>>();

  function statement(sql: string): Database.Statement<unknown[], Row> {
    const known = statements.get(sql);
    if (known) return known;
    if (statements.size >= MAX_STATEMENTS) statements.clear();
    const made = db.prepare<unknown[], Row>(sql).raw();
    statements.set(sql, made);
    return made;
  }

  return function scan(plan: Plan, left: Bounds, column: Column, limit: number, reverse: boolean): Part {
    const { sql, values } = statementOf(plan, column, reverse);
    const rows: Row[] = [];
    const ends = performance.now() + PATIENCE;
    let width = FIRST_WINDOW;
    let rest: Bounds | null = left;
    while (rest) {
      const { from, to } = rest as Bounds;
      const window: Bounds = reverse
        ? { from: Math.max(from, to - width + 1), to }
        : { from, to: Math.min(to, from + width - 1) };
      const began = performance.now();
      const wanted = limit - rows.length;
      const found = statement(sql).all(...values, window.from, window.to, wanted);
      const last = found.length < wanted ? undefined : found.at(-1)?.[0];
      for (const row of found) {
        // What is found several times in one entry (two versions of a package, bundled) is one row but where each counts.
        if (column === 'found' ? row[0] !== last : row[0] !== rows.at(-1)?.[0]) rows.push(row);
      }
      const unread = column === 'found' ? 0 : 1;
      rest = reverse
        ? bounds(from, last === undefined ? window.from - 1 : last - unread)
        : bounds(last === undefined ? window.to + 1 : last + unread, to);
      const now = performance.now();
      if (last !== undefined || now >= ends) break;
      if (now - began < PATIENCE / 8) width *= 4;
      else if (now - began > PATIENCE / 2) width = Math.max(1, Math.floor(width / 2));
    }
    return { rows, rest };
  };
}

function bounds(from: number, to: number): Bounds | null {
  return from <= to ? { from, to } : null;
}

/** A condition of a statement, with what is bound to its one sign. */
interface Term {
  readonly sql: string;
  readonly value: string | number;
}

/**
 * The plan as one statement whose last three values are the first and the last place, and a limit. The driver's index is
 * named, and `+` keeps every other condition from choosing one. `found` is only had by walking packages.
 */
export function statementOf(
  { driver, conditions }: Plan,
  column: Column,
  reverse: boolean,
): { readonly sql: string; readonly values: readonly (string | number)[] } {
  const { places, shapes, agents, policies, rules, packages, subjects, marks, since, until } = conditions;
  const packageTerms = () => [...among('p.package', packages), ...among('+p.subject', subjects)];
  const markTerms = () => among('m.word', marks);
  const own = (name: string, of: Driver, numbers: readonly number[] | undefined) =>
    among(`${driver === of ? '' : '+'}i.${name}`, numbers);
  const terms = [
    ...(driver === 'packages'
      ? [...packageTerms(), ...among('+p.shape', shapes), ...among('+p.agent', agents)]
      : [...own('shape', 'shapes', shapes), ...own('agent', 'agents', agents)]),
    ...(driver === 'marks' ? markTerms() : []),
    ...own('policy', 'policies', policies),
    ...own('rules', 'rules', rules),
    ...among('i.seq', places),
    ...(since === undefined ? [] : [{ sql: '+i.time >= ?', value: since }]),
    ...(until === undefined ? [] : [{ sql: '+i.time < ?', value: until }]),
  ];
  const others = [
    ...(driver !== 'packages' && packages
      ? [{ table: 'package_entry AS p', on: 'p.seq', terms: packageTerms() }]
      : []),
    ...(driver !== 'marks' && marks ? [{ table: 'mark AS m', on: 'm.seq', terms: markTerms() }] : []),
  ];
  const { from, seq } = sourceOf(driver);
  const where = [
    ...terms.map(({ sql }) => sql),
    ...others.map(
      ({ table, on, terms: inner }) =>
        `EXISTS (SELECT 1 FROM ${table} WHERE ${[`${on} = i.seq`, ...inner.map(({ sql }) => sql)].join(' AND ')})`,
    ),
    `${seq} >= ? AND ${seq} <= ?`,
  ];
  return {
    sql: `SELECT ${seq}, ${column === 'found' ? 'p.subject' : `i.${column}`} FROM ${from}
      WHERE ${where.join(' AND ')} ORDER BY ${seq} ${reverse ? 'DESC' : 'ASC'} LIMIT ?`,
    values: [...terms, ...others.flatMap(({ terms: inner }) => inner)].map(({ value }) => value),
  };
}

/** Without the `+` of a join, the planner may bound the joined table in place of the driver, which then walks on to its end. */
function sourceOf(driver: Driver): { readonly from: string; readonly seq: string } {
  if (driver === 'packages') {
    return { from: 'package_entry AS p CROSS JOIN entry_index AS i ON i.seq = +p.seq', seq: 'p.seq' };
  }
  if (driver === 'marks')
    return { from: 'mark AS m CROSS JOIN entry_index AS i ON i.seq = +m.seq', seq: 'm.seq' };
  const index = driver === 'places' || driver === 'sequence' ? null : INDEXES[driver].index;
  return { from: `entry_index AS i ${index ? `INDEXED BY ${index}` : 'NOT INDEXED'}`, seq: 'i.seq' };
}

function among(name: string, numbers: readonly number[] | undefined): Term[] {
  if (!numbers) return [];
  const [only] = numbers;
  // Of a single number the index has its entries in order: nothing is sorted.
  if (numbers.length === 1 && only !== undefined) return [{ sql: `${name} = ?`, value: only }];
  return [{ sql: `${name} IN (SELECT value FROM json_each(?))`, value: JSON.stringify(numbers) }];
}
