import type Database from 'better-sqlite3';
import { columnsOfBytes } from '../columns.ts';
import { NEW_INDEX } from './index-schema.ts';
import { IndexWrites } from './index-writes.ts';

/** Entries of one transaction while the index is rebuilt. */
const CHUNK = 2000;

/** What a rebuilt index is made of. */
export interface IndexCounts {
  readonly entries: number;
  /** Places where packages are found: subjects, and what is bundled in them. */
  readonly packages: number;
  readonly waivers: number;
}

/** Empties the index; it is to be rebuilt. */
export function emptyIndex(db: Database.Database): void {
  db.transaction(() => db.exec(NEW_INDEX)).immediate();
}

/**
 * Goes on with a rebuild until the index holds every entry that has bytes. In bounded transactions: after a crash the next
 * call goes on where the last one was durable. `progress` is told how many entries are done.
 */
export function rebuildIndex(
  db: Database.Database,
  progress: (entries: number) => void = () => undefined,
): void {
  const rebuilt = db.prepare<[], number | null>('SELECT rebuilt FROM index_state').pluck();
  if (rebuilt.get() === null) return;
  const index = new IndexWrites(db);
  const chunk = db.prepare<[number, number], { seq: number; bytes: string }>(
    'SELECT seq, bytes FROM entry WHERE seq > ? ORDER BY seq LIMIT ?',
  );
  const setRebuilt = db.prepare('UPDATE index_state SET rebuilt = ?');
  let done = 0;
  const step = db.transaction((): boolean => {
    const rows = chunk.all(rebuilt.get() ?? -1, CHUNK);
    for (const { seq, bytes } of rows) if (bytes !== '') index.insert(seq, columnsOfBytes(bytes));
    setRebuilt.run(rows.at(-1)?.seq ?? null);
    done += rows.length;
    return rows.length > 0;
  });
  while (step.immediate()) progress(done);
}

/** Makes the totals of all entries; the writer does the same in the background, of as many as are worth it. */
export function sumIndex(db: Database.Database): void {
  const index = new IndexWrites(db);
  const step = db.transaction(() => index.sum(true));
  while (step.immediate());
}

export function indexCounts(db: Database.Database): IndexCounts {
  const count = (sql: string) => db.prepare<[], number>(sql).pluck().get() ?? 0;
  return {
    entries: count('SELECT count(*) FROM entry_index'),
    packages: count('SELECT count(*) FROM package_entry'),
    waivers: count('SELECT count(*) FROM mark'),
  };
}
