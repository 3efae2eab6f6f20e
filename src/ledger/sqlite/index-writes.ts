import type Database from 'better-sqlite3';
import { type Columns, columnsOfBytes } from '../columns.ts';
import { Dictionary } from './dictionary.ts';

export const MINUTE = 60_000;

/** Entries whose totals are made at once: about five milliseconds' work, for which appends wait. */
const SUM = 1024;

/**
 * Writes the query index: for each entry its columns in codes, where package filters find it, and its marks. Every call
 * runs inside the writer's transaction.
 */
export class IndexWrites {
  readonly #dictionary: Dictionary;
  readonly #statements;
  /** The minute of the last entry; undefined where it is not known. */
  #minute: number | null | undefined;
  /** Entries that were inserted since the totals were last made; at the start there may be any number. */
  #unsummed = SUM;

  constructor(db: Database.Database) {
    this.#dictionary = new Dictionary(db);
    this.#statements = statementsOf(db);
  }

  /** The transaction was rolled back. */
  forget(): void {
    this.#dictionary.forget();
    this.#minute = undefined;
    this.#unsummed = SUM;
  }

  /** Enters an entry behind those that are there. */
  insert(seq: number, columns: Columns): void {
    const s = this.#statements;
    const words = this.#dictionary;
    this.#unsummed++;
    const minute = Math.floor(columns.time / MINUTE);
    if (this.#minute === undefined) this.#minute = s.lastMinute.get() ?? null;
    if (minute !== this.#minute) {
      s.insertMinute.run(seq, minute);
      this.#minute = minute;
    }
    const shape = words.shape(columns);
    const agent = words.word('agent', columns.agent);
    const subject = columns.subject && words.subject(columns.subject);
    const policy = words.word('policy', columns.policy);
    s.insertEntry.run(
      seq,
      columns.time,
      shape,
      agent,
      subject?.id ?? null,
      policy,
      words.rules(columns.rules),
    );
    if (subject) s.insertPackage.run(subject.package, seq, subject.id, agent, shape);
    for (const child of columns.bundled) {
      const bundled = words.subject(child);
      s.insertPackage.run(bundled.package, seq, bundled.id, agent, shape);
    }
    for (const word of this.#marks(columns)) s.insertMark.run(word, seq);
  }

  /** Takes entries between two places, both inclusive, out of the index. Their bytes must still be there. */
  remove(from: number, to: number): void {
    const s = this.#statements;
    let removed = 0;
    for (const { seq, bytes } of s.entries.all(from, to)) {
      if (s.deleteEntry.run(seq).changes === 0) continue;
      removed++;
      const columns = columnsOfBytes(bytes);
      for (const subject of [columns.subject, ...columns.bundled]) {
        if (!subject) continue;
        const ids = this.#dictionary.subject(subject);
        s.deletePackage.run(ids.package, seq, ids.id);
      }
      for (const word of this.#marks(columns)) s.deleteMark.run(word, seq);
    }
    if (removed === 0) return;
    s.withdraw.run(removed);
    // What they were counted in is counted anew, in the background.
    if ((s.summed.get() ?? -1) >= from) {
      s.deleteTotals.run();
      s.setSummed.run(-1);
    }
  }

  /** Whether there may be enough entries that are not in the totals yet. Asks nothing of the database. */
  get isToSum(): boolean {
    return this.#unsummed >= SUM;
  }

  /**
   * Adds some more entries to the totals, where there are enough of them or `all` is asked for. True where it is worth going
   * on.
   */
  sum(all = false): boolean {
    const s = this.#statements;
    const summed = s.summed.get() ?? -1;
    const end = s.chunkEnd.get(summed, SUM - 1) ?? (all ? s.lastEntry.get() : undefined) ?? summed;
    this.#unsummed = 0;
    if (end <= summed) return false;
    for (const add of s.addTotals) add.run(summed + 1, end);
    s.setSummed.run(end);
    const isMore = all || s.chunkEnd.get(end, SUM - 1) !== undefined;
    if (isMore) this.#unsummed = SUM;
    return isMore;
  }

  #marks({ waivers, lifted }: Columns): number[] {
    if (waivers.length === 0 && lifted.length === 0) return [];
    const words = this.#dictionary;
    return [
      words.waived(),
      ...waivers.map((place) => words.word('waiver', place) ?? 0),
      ...lifted.map((code) => words.word('lifted', code) ?? 0),
    ];
  }
}

function statementsOf(db: Database.Database) {
  return {
    insertEntry: db.prepare(
      'INSERT INTO entry_index (seq, time, shape, agent, subject, policy, rules) VALUES (?, ?, ?, ?, ?, ?, ?)',
    ),
    // What is bundled twice, or in itself, is there once.
    insertPackage: db.prepare(
      `INSERT INTO package_entry (package, seq, subject, agent, shape) VALUES (?, ?, ?, ?, ?)
       ON CONFLICT DO NOTHING`,
    ),
    insertMark: db.prepare('INSERT INTO mark (word, seq) VALUES (?, ?)'),
    lastMinute: db.prepare<[], number>('SELECT minute FROM minute_run ORDER BY first DESC LIMIT 1').pluck(),
    insertMinute: db.prepare('INSERT INTO minute_run (first, minute) VALUES (?, ?)'),
    entries: db.prepare<[number, number], { seq: number; bytes: string }>(
      'SELECT seq, bytes FROM entry WHERE seq BETWEEN ? AND ?',
    ),
    deleteEntry: db.prepare('DELETE FROM entry_index WHERE seq = ?'),
    deletePackage: db.prepare('DELETE FROM package_entry WHERE package = ? AND seq = ? AND subject = ?'),
    deleteMark: db.prepare('DELETE FROM mark WHERE word = ? AND seq = ?'),
    withdraw: db.prepare('UPDATE index_state SET withdrawn = withdrawn + ?'),
    summed: db.prepare<[], number>('SELECT summed FROM index_state').pluck(),
    setSummed: db.prepare('UPDATE index_state SET summed = ?'),
    deleteTotals: db.prepare('DELETE FROM total'),
    lastEntry: db.prepare<[], number | null>('SELECT max(seq) FROM entry_index').pluck(),
    chunkEnd: db
      .prepare<[number, number], number>(
        'SELECT seq FROM entry_index WHERE seq > ? ORDER BY seq LIMIT 1 OFFSET ?',
      )
      .pluck(),
    addTotals: ['0', 'agent', 'subject', 'rules'].map((key, kind) =>
      db.prepare(
        `INSERT INTO total (kind, policy, shape, key, entries, first, last)
         SELECT ${kind}, coalesce(policy, 0) AS policy, shape, coalesce(${key}, 0) AS key, count(*), min(seq), max(seq)
         FROM entry_index WHERE seq BETWEEN ? AND ? GROUP BY 2, 3, 4
         ON CONFLICT (kind, policy, shape, key) DO UPDATE
           SET entries = entries + excluded.entries, last = excluded.last`,
      ),
    ),
  };
}
