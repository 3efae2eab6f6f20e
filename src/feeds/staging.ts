import Database from 'better-sqlite3';
import type { AdvisoryRecord } from '../model/advisory.ts';
import type { EcosystemId } from '../model/artifact.ts';
import { Aliases } from './aliases.ts';
import type { OsvRecord } from './osv.ts';
import { worst } from './severity.ts';
import type { FeedCounts } from './status.ts';

/** The records of one package, in the order in which they were read. */
export interface StagedPackage {
  readonly ecosystem: EcosystemId;
  readonly name: string;
  readonly records: readonly AdvisoryRecord[];
}

interface Row {
  readonly ecosystem: string;
  readonly name: string;
  readonly record: string;
}

/**
 * Records as they come from the sources, on disk, until all are read: memory does not grow with their number but for
 * ids that alias each other. Of one id the copy that was changed last counts; copies that do not say, or say the same, all do.
 */
export class Staging {
  readonly #db: Database.Database;
  readonly #aliases = new Aliases();
  readonly #known: Database.Statement<[string], { modified: number | null }>;
  readonly #see: Database.Statement<[string, number | null]>;
  readonly #drop: Database.Statement<[string, number]>;
  readonly #put: Database.Statement<[string, string, string, string, number | null, string]>;

  /** `path`: a file that is not there yet; whoever opens it removes it. */
  constructor(path: string) {
    const db = new Database(path);
    this.#db = db;
    for (const pragma of [
      'journal_mode = OFF',
      'synchronous = OFF',
      'cache_size = -32000',
      'temp_store = FILE',
    ])
      db.pragma(pragma);
    db.exec(`
      CREATE TABLE seen (id TEXT PRIMARY KEY, modified INTEGER) WITHOUT ROWID;
      CREATE TABLE affected (ecosystem TEXT, name TEXT, id TEXT, kind TEXT, modified INTEGER, record TEXT);
      CREATE INDEX by_id ON affected (id);
      BEGIN`);
    this.#known = db.prepare('SELECT modified FROM seen WHERE id = ?');
    this.#see = db.prepare('INSERT OR REPLACE INTO seen VALUES (?, ?)');
    this.#drop = db.prepare('DELETE FROM affected WHERE id = ? AND modified < ?');
    this.#put = db.prepare('INSERT INTO affected VALUES (?, ?, ?, ?, ?, ?)');
  }

  add({ id, modified, withdrawn, aliases, severity, affected }: OsvRecord): void {
    const known = this.#known.get(id);
    const before = known?.modified ?? null;
    if (modified !== null && before !== null && modified < before) return;
    if (modified !== null && before !== null && modified > before) this.#drop.run(id, modified);
    if (!known || modified !== null) this.#see.run(id, modified ?? before);
    if (withdrawn) return;
    this.#aliases.add(id, aliases, worst([severity, ...affected.map(({ record }) => record.severity)]));
    for (const { ecosystem, name, record } of affected)
      this.#put.run(ecosystem, name, id, record.kind, modified, canonical(record));
  }

  /** Different ids that name a package. */
  records(): number {
    return this.#one('SELECT COUNT(DISTINCT id) AS n FROM affected');
  }

  /** By ecosystem. */
  counts(): Record<EcosystemId, FeedCounts> {
    const found: Record<EcosystemId, FeedCounts> = {};
    const rows = this.#db
      .prepare<[], { ecosystem: string; malware: number; vulnerability: number; packages: number }>(
        `SELECT ecosystem, COUNT(DISTINCT CASE kind WHEN 'malware' THEN id END) AS malware,
           COUNT(DISTINCT CASE kind WHEN 'vulnerability' THEN id END) AS vulnerability,
           COUNT(DISTINCT name) AS packages
         FROM affected GROUP BY ecosystem ORDER BY ecosystem`,
      )
      .all();
    for (const { ecosystem, ...counts } of rows) found[ecosystem] = counts;
    return found;
  }

  /** Each package once, in the order of ecosystem and name, with the severities that aliases share. */
  *packages(): Generator<StagedPackage> {
    const rows = this.#db
      .prepare<[], Row>('SELECT ecosystem, name, record FROM affected ORDER BY ecosystem, name, record')
      .iterate();
    let at: { ecosystem: string; name: string; records: Map<string, AdvisoryRecord> } | null = null;
    for (const { ecosystem, name, record } of rows) {
      if (at === null || at.ecosystem !== ecosystem || at.name !== name) {
        if (at !== null) yield { ...at, records: [...at.records.values()] };
        at = { ecosystem, name, records: new Map() };
      }
      at.records.set(record, this.#shared(parseRecord(record)));
    }
    if (at !== null) yield { ...at, records: [...at.records.values()] };
  }

  close(): void {
    this.#db.close();
  }

  #shared(record: AdvisoryRecord): AdvisoryRecord {
    return { ...record, severity: worst([record.severity, this.#aliases.severityOf(record.id)]) };
  }

  #one(sql: string): number {
    return this.#db.prepare<[], { n: number }>(sql).get()?.n ?? 0;
  }
}

/** RFC 8785 for what a record is made of: members in the order of their names, and nothing but texts. */
export function canonical({ id, kind, ranges, severity, versions }: AdvisoryRecord): string {
  return JSON.stringify({
    id,
    kind,
    ranges: ranges.map(({ fixed, introduced, lastAffected }) => ({ fixed, introduced, lastAffected })),
    severity,
    versions,
  });
}

/** What `canonical` wrote. */
function parseRecord(text: string): AdvisoryRecord {
  return JSON.parse(text);
}
