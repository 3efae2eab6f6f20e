import { existsSync } from 'node:fs';
import Database from 'better-sqlite3';
import type { LogPlace } from './logged.ts';

/** A log with the key that verifies it. */
export interface KnownLog extends LogPlace {
  readonly vkey: string;
}

/** The logs of a ledger's database, the oldest first; none in one that is older than the log. */
export function logsOf(database: string): readonly KnownLog[] {
  if (!existsSync(database)) return [];
  const db = new Database(database, { readonly: true, fileMustExist: true });
  try {
    const there = db.prepare("SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = 'log'").get();
    if (there === undefined) return [];
    return db.prepare<[], KnownLog>('SELECT number, origin, vkey, base FROM log ORDER BY number').all();
  } finally {
    db.close();
  }
}
