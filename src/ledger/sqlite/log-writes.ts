import type Database from 'better-sqlite3';
import { LedgerError } from '../ledger.ts';
import type { NewHead } from '../published/log-store.ts';
import type { Head, LogRow } from '../published/published.ts';
import type { LogCalls, PreparedEntry } from './protocol.ts';

/** How entries are appended by whoever begins a log with one. */
export interface EntryWrites {
  append(entry: PreparedEntry, first: null, carried: null): { readonly seq: number };
  /** The next entry's place is at least this. */
  skipTo(seq: number): void;
  /** Removes entries between two places, both inclusive, from the query index, while their bytes are still there. */
  unindex(from: number, to: number): void;
}

interface HeadRow {
  readonly log: number;
  readonly origin: string;
  readonly size: number;
  readonly root: Buffer;
  readonly time: number;
}

/** The statements of the writer on logs and heads. Each call checks before it writes. */
export function logWrites(db: Database.Database, entries: EntryWrites): LogCalls {
  const logs = db.prepare<[], LogRow>(
    'SELECT number, origin, vkey, base, opened, minimum FROM log ORDER BY number',
  );
  const newest = db.prepare<[], LogRow>(
    'SELECT number, origin, vkey, base, opened, minimum FROM log ORDER BY number DESC LIMIT 1',
  );
  const insertLog = db.prepare(
    'INSERT INTO log (number, origin, vkey, base, opened, minimum) VALUES (?, ?, ?, ?, ?, 0)',
  );
  const raise = db.prepare('UPDATE log SET minimum = ? WHERE number = ?');
  const lastSeq = db.prepare<[], number | null>('SELECT max(seq) FROM entry').pluck();
  const headBelow = db.prepare<[number, number], HeadRow>(
    `SELECT head.log, log.origin, head.size, head.root, head.time FROM head JOIN log ON log.number = head.log
     WHERE head.log = ? AND head.size <= ? ORDER BY head.size DESC LIMIT 1`,
  );
  const insertHead = db.prepare('INSERT INTO head (log, size, root, time) VALUES (?, ?, ?, ?)');
  const uncleared = db.prepare<[], { number: number; base: number; minimum: number; cleared: number }>(
    'SELECT number, base, minimum, cleared FROM log WHERE cleared < minimum ORDER BY number',
  );
  const empty = db.prepare("UPDATE entry SET bytes = '' WHERE seq BETWEEN ? AND ?");
  const cleared = db.prepare('UPDATE log SET cleared = ? WHERE number = ?');

  function sealedHead(log: number, size: number = Number.MAX_SAFE_INTEGER): Head | null {
    const row = headBelow.get(log, size);
    return row ? { ...row, root: row.root.toString('hex') } : null;
  }

  function headAt(log: number, size: number): Head | null {
    const head = sealedHead(log, size);
    return head?.size === size ? head : null;
  }

  function seal({ log, size, root, time }: NewHead): void {
    const running = newest.get();
    if (running?.number !== log) throw conflict(`log ${log} is not the one that is written`);
    const held = (lastSeq.get() ?? -1) + 1 - running.base;
    if (size < 1 || size > held)
      throw conflict(`log ${log} has ${held} entries and is to be sealed at ${size}`);
    const before = sealedHead(log);
    if (before && before.size > size)
      throw conflict(`log ${log} was sealed at ${before.size} entries and is to be at ${size}`);
    if (before?.size === size) {
      if (before.root === root) return;
      throw conflict(`log ${log} was sealed at ${size} entries with another root`);
    }
    insertHead.run(log, size, Buffer.from(root, 'hex'), time);
  }

  function openLog(row: LogRow, first: PreparedEntry | null): { readonly seq: number } | null {
    const running = newest.get();
    if (row.number <= (running?.number ?? 0)) throw conflict(`log ${row.number} is there already`);
    const next = (lastSeq.get() ?? -1) + 1;
    // A first log takes the entries that are there; a later one none of them.
    if (running ? row.base < next : row.base !== 0)
      throw conflict(`log ${row.number} cannot begin at ${row.base}`);
    insertLog.run(row.number, row.origin, row.vkey, row.base, row.opened);
    if (first === null) return null;
    entries.skipTo(row.base);
    return { seq: entries.append(first, null, null).seq };
  }

  function withdraw(log: number, minimum: number, entry: PreparedEntry): { readonly seq: number } {
    const row = logs.all().find(({ number }) => number === log);
    const head = sealedHead(log);
    if (!row || minimum <= row.minimum || minimum % 256 !== 0 || minimum > (head?.size ?? 0))
      throw conflict(`entries below ${minimum} of log ${log} cannot be withdrawn`);
    raise.run(minimum, log);
    return { seq: entries.append(entry, null, null).seq };
  }

  function clearWithdrawn(count: number): number {
    let room = count;
    let left = 0;
    for (const row of uncleared.all()) {
      const to = Math.min(row.minimum, row.cleared + room);
      room -= to - row.cleared;
      left += row.minimum - to;
      if (to === row.cleared) continue;
      // What is withdrawn is overwritten, too, but for what lies between the rows of a page.
      db.pragma('secure_delete = ON');
      try {
        entries.unindex(row.base + row.cleared, row.base + to - 1);
        empty.run(row.base + row.cleared, row.base + to - 1);
      } finally {
        db.pragma('secure_delete = OFF');
      }
      cleared.run(to, row.number);
    }
    return left;
  }

  return {
    logs: () => logs.all(),
    sealedHead,
    headAt,
    lastSeq: () => lastSeq.get() ?? -1,
    seal,
    openLog,
    withdraw,
    clearWithdrawn,
  };
}

function conflict(what: string): LedgerError {
  return new LedgerError('conflict', what);
}
