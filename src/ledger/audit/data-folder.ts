import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { isMissing } from '../../disk/missing.ts';
import { LogPlaces } from '../published/log-places.ts';
import type { LogRow } from '../published/published.ts';
import { type AuditDatabase, openDatabase } from './database.ts';
import { auditFolder } from './folder.ts';
import { readText } from './heads.ts';
import type { LogFiles } from './log-keys.ts';

/** What a data folder has of a ledger. */
export interface DataFolder {
  /** The oldest first. */
  readonly logs: readonly LogFiles[];
  readonly database: () => AuditDatabase;
}

/**
 * Finds the logs of a data folder: those that ended under their numbers, and the one that is written, whose number the
 * database says by its key. Null where there is neither a log nor a database.
 */
export async function logsIn(dir: string): Promise<DataFolder | null> {
  const places = new LogPlaces(dir);
  const database = () => openDatabase(places.database);
  const ended = (await names(join(places.ledger, 'logs')))
    .filter((name) => /^[1-9][0-9]{0,8}$/.test(name))
    .map(Number)
    .sort((a, b) => a - b);
  const logs: LogFiles[] = ended.map((number) => ({ number, source: auditFolder(places.ended(number)) }));
  const here = await names(places.ledger);
  if (here.includes('log')) {
    const vkey = await readText(auditFolder(places.running), 'vkey').catch(() => null);
    const rows = rowsOf(database);
    // A rotation that was cut short leaves the log that ended where it was.
    const row = rows.find((one) => `${one.vkey}\n` === vkey) ?? rows.at(-1);
    const number = row?.number ?? (ended.at(-1) ?? 0) + 1;
    // Of two folders for one log the running one is that which is written; the other is found as one too many.
    if (!ended.includes(number)) logs.push({ number, source: auditFolder(places.running) });
    else logs.push({ number: (ended.at(-1) ?? 0) + 1, source: auditFolder(places.running) });
  }
  return logs.length === 0 && !here.includes('ledger.db') ? null : { logs, database };
}

function rowsOf(open: () => AuditDatabase): readonly LogRow[] {
  let database: AuditDatabase | null = null;
  try {
    database = open();
    return database.logs();
  } catch {
    // The audit opens it again, and says why it cannot be read.
    return [];
  } finally {
    database?.close();
  }
}

async function names(folder: string): Promise<string[]> {
  try {
    return await readdir(folder);
  } catch (error) {
    if (isMissing(error)) return [];
    throw error;
  }
}
