import type { LogRow } from '../published/published.ts';
import type { AuditDatabase } from './database.ts';
import type { Findings } from './finding.ts';
import type { OpenedLog } from './log-keys.ts';

/** The database with the logs that it knows: one that cannot be read is a finding, and the logs are checked without it. */
export function openBeside(
  open: (() => AuditDatabase) | null,
  findings: Findings,
): [database: AuditDatabase | null, logs: readonly LogRow[]] {
  if (open === null) return [null, []];
  let database: AuditDatabase | null = null;
  try {
    database = open();
    return [database, database.logs()];
  } catch (error) {
    database?.close();
    const words = error instanceof Error ? error.message : String(error);
    findings.problem('unreadable', 'database', { log: null }, `the database cannot be read: ${words}`);
    return [null, []];
  }
}

/** The logs that the database knows against those that lie there. */
export function checkRows(
  opened: readonly OpenedLog[],
  rows: ReadonlyMap<number, LogRow>,
  database: AuditDatabase | null,
  findings: Findings,
): void {
  if (database === null) return;
  for (const log of opened) {
    const row = rows.get(log.number);
    if (row === undefined)
      findings.problem('extra', 'database', { log: log.number }, 'the database knows no such log');
    else if (log.key !== null && (row.vkey !== log.key.vkey || row.origin !== log.key.name))
      findings.problem(
        'key',
        'database',
        { log: log.number },
        `the database has another key of this log: ${row.vkey}`,
      );
  }
  for (const { number, base } of rows.values()) {
    if (opened.some((log) => log.number === number)) continue;
    const place = { log: number };
    // A log that was only begun has its first entry; nobody looks at what else is said to be of it.
    const held = database.rows(base, base + 2).length;
    if (database.heads(number, -1, 1).length > 0 || held > (number > 1 ? 1 : 0))
      findings.problem('missing', 'files', place, 'the log is not there: the database knows it');
    else
      findings.note('late', 'files', place, 'the log was begun and not published yet: the next start does');
  }
}
