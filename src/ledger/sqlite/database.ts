import { existsSync } from 'node:fs';
import Database from 'better-sqlite3';
import { LedgerError } from '../ledger.ts';
import { fillPlaces } from './place-claims.ts';
import { rebuildIndex } from './rebuild.ts';
import { MIGRATIONS } from './schema.ts';

/**
 * Opens the ledger for its one writer: WAL, each commit synced (`synchronous=FULL`), schema up to date, and the query index
 * rebuilt where it is not whole, and so the memory of places.
 */
export function openForWriting(path: string): Database.Database {
  const db = new Database(path, { timeout: 5000 });
  try {
    const mode = db.pragma('journal_mode = WAL', { simple: true });
    if (mode !== 'wal')
      throw new LedgerError('unavailable', `the ledger ${path} cannot be put in WAL mode here`);
    db.pragma('synchronous = FULL');
    db.pragma('journal_size_limit = 67108864');
    db.pragma('cache_size = -16000');
    migrate(db);
    rebuildIndex(db);
    fillPlaces(db);
    // Whatever lay in a WAL that a crash left is now in the database and synced: later entries must not
    // stand on pages that only the page cache holds.
    db.pragma('wal_checkpoint(TRUNCATE)');
    return db;
  } catch (error) {
    db.close();
    throw error;
  }
}

/** Opens the ledger for looking only; a writer may be at work. */
export function openForReading(path: string): Database.Database {
  if (!existsSync(path)) throw new LedgerError('unavailable', `there is no ledger at ${path}`);
  const db = new Database(path, { readonly: true, fileMustExist: true, timeout: 5000 });
  try {
    db.pragma('query_only = 1');
    db.pragma('cache_size = -16000');
    const version = versionOf(db);
    if (version < MIGRATIONS.length) {
      throw new LedgerError(
        'unavailable',
        `the ledger at ${path} is of an older sallyport (schema ${version}); start the server once to bring it up to date`,
      );
    }
    return db;
  } catch (error) {
    db.close();
    throw error;
  }
}

function migrate(db: Database.Database): void {
  const upgrade = db.transaction(() => {
    for (let version = versionOf(db); version < MIGRATIONS.length; version++) {
      db.exec(MIGRATIONS[version] ?? '');
      db.pragma(`user_version = ${version + 1}`);
    }
  });
  upgrade.immediate();
}

/** The schema's version; throws where this program is too old for it. */
function versionOf(db: Database.Database): number {
  const version = Number(db.pragma('user_version', { simple: true }));
  if (!(version <= MIGRATIONS.length)) {
    throw new LedgerError(
      'unavailable',
      `the ledger ${db.name} was written by a newer sallyport (schema ${version}, this one knows ${MIGRATIONS.length}); nothing was changed`,
    );
  }
  return version;
}
