import { createHash } from 'node:crypto';
import Database from 'better-sqlite3';
import { type AdvisoryRecord, SEVERITIES } from '../model/advisory.ts';
import { FeedError } from './feed-error.ts';
import { canonical, type StagedPackage } from './staging.ts';

/** SQLite's `user_version`: what the tables are. */
const FORMAT = 1;

/** What one package has may take so much, characters: more is no feed. */
const MAX_PACKAGE = 64 * 1024 ** 2;

/** Writes a new database, all of it; not synced. Resolves with how many packages it has. @throws FeedError */
export function writeDatabase(path: string, packages: Iterable<StagedPackage>): number {
  const db = new Database(path);
  try {
    for (const pragma of ['journal_mode = OFF', 'synchronous = OFF', `user_version = ${FORMAT}`])
      db.pragma(pragma);
    db.exec(`
      CREATE TABLE packages (
        ecosystem TEXT NOT NULL, name TEXT NOT NULL, records TEXT NOT NULL, digest BLOB NOT NULL,
        PRIMARY KEY (ecosystem, name)
      ) WITHOUT ROWID;
      BEGIN`);
    const put = db.prepare<[string, string, string, Buffer]>('INSERT INTO packages VALUES (?, ?, ?, ?)');
    let written = 0;
    for (const { ecosystem, name, records } of packages) {
      const text = `[${records.toSorted(worstFirst).map(canonical).join(',')}]`;
      if (text.length > MAX_PACKAGE)
        throw new FeedError(`what it says of ${ecosystem} ${name} is more than any feed does`);
      put.run(ecosystem, name, text, digestOf(text));
      written++;
    }
    db.exec('COMMIT');
    return written;
  } finally {
    db.close();
  }
}

/** Malware, then by severity, one that is not known first; then by id. */
function worstFirst(a: AdvisoryRecord, b: AdvisoryRecord): number {
  return rankOf(b) - rankOf(a) || (a.id < b.id ? -1 : a.id > b.id ? 1 : 0);
}

function rankOf({ kind, severity }: AdvisoryRecord): number {
  const rank = severity === null ? SEVERITIES.length : SEVERITIES.indexOf(severity);
  return kind === 'malware' ? SEVERITIES.length + 1 + rank : rank;
}

function digestOf(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}

/** One package's records as they were written: canonical JSON, and its sha256 in hex. */
export interface StoredRecords {
  readonly text: string;
  readonly sha256: string;
}

/** A database that is looked into; nobody writes to it any more. */
export class FeedDatabase {
  readonly #db: Database.Database;
  readonly #get: Database.Statement<[string, string], { records: string; digest: Buffer }>;

  /** @throws FeedError where it is missing or not of this format */
  constructor(path: string) {
    try {
      this.#db = new Database(path, { readonly: true, fileMustExist: true });
    } catch (error) {
      throw new FeedError('the database of the feed cannot be opened', { cause: error });
    }
    try {
      if (this.#db.pragma('user_version', { simple: true }) !== FORMAT)
        throw new FeedError('the database of the feed is of another format');
      this.#db.pragma('cache_size = -8000');
      this.#get = this.#db.prepare('SELECT records, digest FROM packages WHERE ecosystem = ? AND name = ?');
      // One read transaction for good: no look-up locks the file anew.
      this.#db.exec('BEGIN');
      this.#get.get('', '');
    } catch (error) {
      this.#db.close();
      if (error instanceof FeedError) throw error;
      throw new FeedError('the database of the feed is damaged', { cause: error });
    }
  }

  /** null where there is none. @throws FeedError where what is there is not what was written */
  get(ecosystem: string, name: string): StoredRecords | null {
    let row: { readonly records: string; readonly digest: Buffer } | undefined;
    try {
      row = this.#get.get(ecosystem, name);
    } catch (error) {
      throw new FeedError('the database of the feed is damaged', { cause: error });
    }
    if (row === undefined) return null;
    if (!digestOf(row.records).equals(row.digest)) throw new FeedError('the database of the feed is damaged');
    return { text: row.records, sha256: row.digest.toString('hex') };
  }

  close(): void {
    this.#db.close();
  }
}
