import Database from 'better-sqlite3';
import { MIGRATIONS } from './schema.ts';

/** The tables of the query index, what was signed, and the memory of places. */
const CHECKED = [
  'log',
  'head',
  'word',
  'rule_word',
  'shape',
  'logged_package',
  'subject',
  'entry_index',
  'package_entry',
  'mark',
  'minute_run',
  'total',
  'place_claim',
] as const;

/**
 * What of a database is not as this program makes it, in words: a schema that somebody changed (a trigger or a view can
 * make each reader see other rows), or an index that does not have what its table has. It looks at every row of an index.
 */
export function structureFaults(db: Database.Database): string[] {
  const [own, right] = [schemaOf(db), rightSchema()];
  const names = [...new Set([...own.keys(), ...right.keys()])].filter(
    (name) => own.get(name) !== right.get(name),
  );
  if (names.length > 0) return [`the database has another schema than this sallyport makes: ${names[0]}`];
  return CHECKED.flatMap((table) => {
    const [first] = db.prepare<[], string>(`PRAGMA integrity_check(${table})`).pluck().all();
    return first === 'ok' ? [] : [`the table ${table} is not whole: ${first}`];
  });
}

function rightSchema(): ReadonlyMap<string, string> {
  const db = new Database(':memory:');
  try {
    for (const migration of MIGRATIONS) db.exec(migration);
    return schemaOf(db);
  } finally {
    db.close();
  }
}

/** Statements by what they make; SQLite's own statistics change no answer. */
function schemaOf(db: Database.Database): ReadonlyMap<string, string> {
  const rows = db
    .prepare<[], [name: string, sql: string]>(
      `SELECT type || ' ' || name, tbl_name || ': ' || coalesce(sql, '') FROM sqlite_schema
       WHERE name NOT LIKE 'sqlite!_stat%' ESCAPE '!'`,
    )
    .raw();
  return new Map(rows.all());
}
