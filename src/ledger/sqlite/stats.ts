import { setImmediate } from 'node:timers/promises';
import { PackageURL } from '@socketregistry/packageurl-js';
import type Database from 'better-sqlite3';
import type { Selection } from '../filter.ts';
import type { StatsGroup, StatsKey } from '../ledger.ts';
import { type Bounds, type Plan, planner } from './plan.ts';
import type { Column, scanner } from './scan.ts';

/** Rows of one step of a count: more than one entry can have. */
const STEP = 20_000;

/** Entries beyond the totals that are added to them by looking at each; with more, all are looked at. */
const TAIL = 20_000;

interface Group {
  entries: number;
  first: number;
  last: number;
}

/** Groups by the number that stands for the property, null for entries without it. */
type Groups = Map<number | null, Group>;

/** What is counted by: the column, and the kind and the column of the totals that have it. */
const COUNTED: Readonly<
  Record<StatsKey, { column: Column; kind: number; total: 'shape' | 'policy' | 'key' }>
> = {
  agent: { column: 'agent', kind: 1, total: 'key' },
  package: { column: 'subject', kind: 2, total: 'key' },
  version: { column: 'subject', kind: 2, total: 'key' },
  artifact: { column: 'subject', kind: 2, total: 'key' },
  rule: { column: 'rules', kind: 3, total: 'key' },
  policy: { column: 'policy', kind: 0, total: 'policy' },
  profile: { column: 'shape', kind: 0, total: 'shape' },
  verdict: { column: 'shape', kind: 0, total: 'shape' },
  type: { column: 'shape', kind: 0, total: 'shape' },
  code: { column: 'shape', kind: 0, total: 'shape' },
  provenance: { column: 'shape', kind: 0, total: 'shape' },
};

/**
 * Counts a selection by a property. What is selected by fixed words and policy alone, over the whole log, is read from the
 * totals; anything else is walked, in steps between which the thread answers others. Memory is that of the groups.
 */
export function statsOf(db: Database.Database, scan: ReturnType<typeof scanner>) {
  const plan = planner(db);
  const keys = keysOf(db);
  const totals = totalsOf(db);

  return async function stats(
    selection: Selection,
    by: StatsKey,
    limit: number,
    reading: <T>(work: () => T) => T,
  ): Promise<StatsGroup[]> {
    const counted = COUNTED[by];
    const begun = reading(() => {
      const planned = plan(selection);
      if (!planned) return null;
      const summed = isOfTotals(selection) ? totals(planned, counted) : null;
      if (!summed) return { planned, groups: new Map(), rest: planned };
      let rest = summed.rest;
      while (rest) rest = add(summed.groups, planned, rest, counted.column);
      return { planned, groups: summed.groups, rest: null };
    });
    if (!begun) return [];
    const { groups } = begun;
    // Of a package filter it is what was found that is counted: a bundled package is not the artifact around it.
    const isOfFound = begun.planned.conditions.packages && (by === 'version' || by === 'package');
    const walked: Plan = isOfFound ? { ...begun.planned, driver: 'packages' } : begun.planned;
    const column = isOfFound && by === 'version' ? 'found' : counted.column;
    if (isOfFound && by === 'package') return countPackages(walked, begun.rest, limit);
    let rest: Bounds | null = begun.rest;
    while (rest) {
      rest = add(groups, walked, rest, column);
      await setImmediate();
    }
    return ranked(groups, keys(by, numbersOf(groups)), limit);
  };

  /** Each package that was asked for, and the entries in which it is. */
  async function countPackages(walked: Plan, left: Bounds | null, limit: number): Promise<StatsGroup[]> {
    const groups: Groups = new Map();
    for (const number of walked.conditions.packages ?? []) {
      const one = { ...walked, conditions: { ...walked.conditions, packages: [number] } };
      const counts: Groups = new Map();
      for (let rest = left; rest; ) {
        rest = add(counts, one, rest, 'subject');
        await setImmediate();
      }
      const sum = [...counts.values()].reduce<Group | null>(merged, null);
      if (sum) groups.set(number, sum);
    }
    return ranked(groups, keys('asked', numbersOf(groups)), limit);
  }

  function add(groups: Groups, planned: Plan, left: Bounds, column: Column): Bounds | null {
    const { rows, rest } = scan(planned, left, column, STEP, false);
    for (const [seq, value] of rows) {
      const group = groups.get(value);
      if (group) {
        group.entries++;
        group.last = seq;
      } else groups.set(value, { entries: 1, first: seq, last: seq });
    }
    return rest;
  }
}

function isOfTotals(selection: Selection): boolean {
  const { leaf, agents, name, digest, rule, waiver, since, until, after, before } = selection;
  return [leaf, agents, name, digest, rule, waiver, since, until, after, before].every(
    (part) => part === undefined,
  );
}

/** The totals of a plan without other conditions than shapes and policies; null where too much is not summed yet. */
function totalsOf(db: Database.Database) {
  const summed = db.prepare<[], number>('SELECT summed FROM index_state').pluck();
  const tail = db
    .prepare<[number, number], number>(
      'SELECT count(*) FROM (SELECT 1 FROM entry_index WHERE seq > ? LIMIT ?)',
    )
    .pluck();
  const statements = new Map<string, Database.Statement<unknown[], [number, number, number, number]>>();

  return (
    { conditions: { shapes, policies }, to }: Plan,
    { kind, total }: (typeof COUNTED)[StatsKey],
  ): { groups: Groups; rest: Bounds | null } | null => {
    const end = summed.get() ?? -1;
    if ((tail.get(end, TAIL) ?? 0) >= TAIL) return null;
    const sql = `SELECT ${total}, sum(entries), min(first), max(last) FROM total WHERE kind = ?
      ${policies ? 'AND policy IN (SELECT value FROM json_each(?))' : ''}
      ${shapes ? 'AND shape IN (SELECT value FROM json_each(?))' : ''} GROUP BY 1`;
    const statement =
      statements.get(sql) ?? db.prepare<unknown[], [number, number, number, number]>(sql).raw();
    statements.set(sql, statement);
    const values = [policies, shapes].flatMap((list) => (list ? [JSON.stringify(list)] : []));
    const groups: Groups = new Map();
    for (const [value, entries, first, last] of statement.iterate(kind, ...values)) {
      groups.set(value === 0 ? null : value, { entries, first, last });
    }
    return { groups, rest: end < to ? { from: end + 1, to } : null };
  };
}

/** The most first; of as many, by the key. */
function ranked(groups: Groups, keys: ReadonlyMap<number, readonly string[]>, limit: number): StatsGroup[] {
  const named = new Map<string, Group>();
  for (const [value, group] of groups) {
    // A number that stands for nothing is damage; its entries are counted all the same.
    for (const key of (value === null ? null : keys.get(value)) ?? ['']) {
      named.set(key, merged(named.get(key) ?? null, group));
    }
  }
  return [...named]
    .map(([key, { entries, first, last }]) => ({ key, entries, first, last }))
    .sort((a, b) => b.entries - a.entries || (a.key < b.key ? -1 : 1))
    .slice(0, limit);
}

function numbersOf(groups: Groups): number[] {
  return [...groups.keys()].filter((value) => value !== null);
}

function merged(a: Group | null, b: Group): Group {
  if (!a) return b;
  return {
    entries: a.entries + b.entries,
    first: Math.min(a.first, b.first),
    last: Math.max(a.last, b.last),
  };
}

/** What of a selection is counted by, or the packages of its filter. */
type Named = StatsKey | 'asked';

type Texts = readonly [id: number, ...texts: string[]];

/**
 * The keys of groups by their numbers: one, `''` where the entries lack the property, several of lists. All at once: a
 * statement for each would cost more than the count.
 */
function keysOf(
  db: Database.Database,
): (by: Named, numbers: readonly number[]) => Map<number, readonly string[]> {
  const all = (table: string, ...columns: readonly string[]) =>
    db
      .prepare<[string], Texts>(
        `SELECT named.id, ${columns.join()} FROM json_each(?) AS list CROSS JOIN ${table} AS named ON named.id = list.value`,
      )
      .raw();
  const words = all('word', 'named.text');
  const shapes = all(
    'shape',
    'named.type',
    'named.verdict',
    'named.profile',
    'named.provenance',
    'named.codes',
  );
  const packages = all('logged_package', 'named.ecosystem', 'named.name');
  const subjects = db
    .prepare<[string], Texts>(
      `SELECT named.id, of.ecosystem, of.name, named.version, named.file FROM json_each(?) AS list
       CROSS JOIN subject AS named ON named.id = list.value JOIN logged_package AS of ON of.id = named.package`,
    )
    .raw();
  const listed = (json: string): string[] => {
    const list = JSON.parse(json) as string[];
    return list.length > 0 ? list : [''];
  };

  function keyed(by: Named, texts: readonly string[]): readonly string[] {
    const [a = '', b = '', c = '', d = '', e = ''] = texts;
    switch (by) {
      case 'agent':
      case 'policy':
        return [a];
      case 'rule':
        return listed(a);
      case 'package':
      case 'asked':
        return [purlOf(a, b)];
      case 'version':
        return [c && purlOf(a, b, c)];
      case 'artifact':
        return [d && `${purlOf(a, b, c)}#${d}`];
      case 'type':
        return [a];
      case 'verdict':
        return [b];
      case 'profile':
        return [c];
      case 'provenance':
        return [d];
      case 'code':
        return listed(e);
    }
  }

  function statementOf(by: Named): Database.Statement<[string], Texts> {
    if (by === 'asked') return packages;
    if (by === 'agent' || by === 'policy' || by === 'rule') return words;
    return by === 'package' || by === 'version' || by === 'artifact' ? subjects : shapes;
  }

  return (by, numbers) => {
    const keys = new Map<number, readonly string[]>();
    for (const [id, ...texts] of statementOf(by).all(JSON.stringify(numbers))) keys.set(id, keyed(by, texts));
    return keys;
  };
}

/** Names and versions that every type of purl writes as they are: nearly all, and the library is slow. */
const PLAIN = /^(@?)([a-z0-9][a-z0-9.-]*(?:\/[a-z0-9][a-z0-9.-]*)?)$/;
const PLAIN_VERSION = /^[a-z0-9][a-z0-9.-]*$/;

function purlOf(ecosystem: string, name: string, version = ''): string {
  if (ecosystem === '' || name === '') return name;
  const [, at, rest] = PLAIN.exec(name) ?? [];
  if (rest !== undefined && (version === '' || PLAIN_VERSION.test(version)))
    return `pkg:${ecosystem}/${at ? '%40' : ''}${rest}${version && `@${version}`}`;
  const slash = name.lastIndexOf('/');
  const namespace = slash > 0 ? name.slice(0, slash) : undefined;
  try {
    return new PackageURL(
      ecosystem,
      namespace,
      name.slice(slash + 1),
      version || undefined,
      undefined,
      undefined,
    ).toString();
  } catch {
    // A name that is none: it stands as it is, and is still a group of its own.
    return `${ecosystem}/${name}${version ? `@${version}` : ''}`;
  }
}
