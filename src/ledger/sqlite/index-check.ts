import type Database from 'better-sqlite3';
import { type Columns, columnsOfBytes, type Subject } from '../columns.ts';
import type { IndexFault } from '../ledger.ts';
import { MINUTE } from './index-writes.ts';
import { structureFaults } from './structure.ts';

const REMEDY = 'stop the server and run `sallyport ledger reindex`';

/**
 * What is wrong with the index as a whole, in words; null where it has a row for every entry that was not withdrawn. Counts
 * pages of two small indexes, so that it takes milliseconds for millions.
 */
export function indexDefect(db: Database.Database): string | null {
  const number = (sql: string) => db.prepare<[], number | null>(sql).pluck().get() ?? null;
  if (number('SELECT rebuilt FROM index_state') !== null)
    return 'the query index is being rebuilt; ask again when the server has started';
  const withdrawn = number('SELECT withdrawn FROM index_state');
  const entries = number('SELECT count(*) FROM entry') ?? 0;
  const indexed = number('SELECT count(*) FROM entry_index') ?? 0;
  if (withdrawn === null || entries - withdrawn !== indexed)
    return `the query index has ${indexed} of ${entries - (withdrawn ?? 0)} entries; ${REMEDY}`;
  return null;
}

/** Compares the index with the entries between two places, both inclusive. What differs is named, with the entry. */
export function indexChecks(db: Database.Database) {
  const entries = db.prepare<[number, number], { seq: number; bytes: string }>(
    'SELECT seq, bytes FROM entry WHERE seq BETWEEN ? AND ? ORDER BY seq',
  );
  const indexed = db.prepare<[number, number], StoredRow>(
    `SELECT i.seq, i.time, i.shape, i.agent AS agentWord, i.subject,
       type, verdict, route, profile, provenance, codes,
       agent.text AS agent, policy.text AS policy, rules.text AS rules
     FROM entry_index AS i LEFT JOIN shape ON shape.id = i.shape
     LEFT JOIN word AS agent ON agent.id = i.agent AND agent.kind = 'agent'
     LEFT JOIN word AS policy ON policy.id = i.policy AND policy.kind = 'policy'
     LEFT JOIN word AS rules ON rules.id = i.rules AND rules.kind = 'rules'
     WHERE i.seq BETWEEN ? AND ? ORDER BY i.seq`,
  );
  const subjectRow = db.prepare<[number], SubjectRow>(
    `SELECT package, ecosystem, name, version, file, lower(hex(sha256)) AS sha256, lower(hex(sha512)) AS sha512
     FROM subject JOIN logged_package ON logged_package.id = package WHERE subject.id = ?`,
  );
  const placed = db.prepare<[string, string, string, string, Buffer, Buffer, number], PlacedRow>(
    `SELECT p.agent, p.shape, s.id FROM logged_package AS l JOIN subject AS s ON s.package = l.id
     JOIN package_entry AS p ON p.package = l.id AND p.subject = s.id
     WHERE l.name = ? AND l.ecosystem = ? AND s.version = ? AND s.file = ? AND s.sha256 = ? AND s.sha512 = ? AND p.seq = ?`,
  );
  const marked = db
    .prepare<[string, string, number], number>(
      'SELECT 1 FROM mark JOIN word ON word.id = mark.word WHERE kind = ? AND text = ? AND seq = ?',
    )
    .pluck();
  const ruled = db
    .prepare<[string, string], number>(
      "SELECT 1 FROM rule_word JOIN word ON word.id = word WHERE rule = ? AND kind = 'rules' AND text = ?",
    )
    .pluck();
  const minuteAt = db
    .prepare<[number], number>('SELECT minute FROM minute_run WHERE first <= ? ORDER BY first DESC LIMIT 1')
    .pluck();

  const claimed = db
    .prepare<[string, string, string, number], number>(
      'SELECT 1 FROM place_claim WHERE profile = ? AND place = ? AND name = ? AND seq <= ?',
    )
    .pluck();

  function compare(from: number, to: number): IndexPart {
    const rows = new Map(indexed.all(from, to).map((row) => [row.seq, row]));
    const faults: IndexFault[] = [];
    let packages = 0;
    let marks = 0;
    for (const { seq, bytes } of entries.all(from, to)) {
      const row = rows.get(seq);
      rows.delete(seq);
      if (bytes === '') {
        if (row) faults.push({ seq, what: 'is withdrawn and still in the query index' });
        continue;
      }
      const columns = columnsOfBytes(bytes);
      const wrong = row ? differences(row, columns) : ['is not in the query index'];
      packages += new Set([columns.subject, ...columns.bundled].map((one) => JSON.stringify(one))).size;
      if (!columns.subject) packages--;
      if (columns.waivers.length + columns.lifted.length > 0)
        marks += 1 + columns.waivers.length + columns.lifted.length;
      const { claim } = columns;
      if (claim?.places.some((place) => claimed.get(claim.profile, place, claim.name, seq) === undefined))
        wrong.push('is not in the memory of places');
      faults.push(...wrong.map((what) => ({ seq, what })));
    }
    for (const seq of rows.keys()) faults.push({ seq, what: 'is in the query index and not in the ledger' });
    return { faults, packages, marks };
  }

  function differences(row: StoredRow, columns: Columns): string[] {
    const differs = (field: string) => `the query index has another ${field}`;
    const plain = (['time', 'type', 'verdict', 'route', 'profile', 'provenance'] as const).filter(
      (field) => row[field] !== columns[field],
    );
    const wrong = plain.map(differs);
    if (row.codes !== JSON.stringify(columns.codes)) wrong.push(differs('list of codes'));
    for (const field of ['agent', 'policy'] as const) {
      if ((row[field] ?? '') !== columns[field]) wrong.push(differs(field));
    }
    const rules = columns.rules.length === 0 ? null : JSON.stringify(columns.rules);
    if (
      row.rules !== rules ||
      (rules && !columns.rules.every((rule) => ruled.get(rule, rules) !== undefined))
    )
      wrong.push(differs('rule'));
    if (minuteAt.get(row.seq) !== Math.floor(columns.time / MINUTE)) wrong.push(differs('time of day'));
    const own = row.subject === null ? undefined : subjectRow.get(row.subject);
    if (!isSame(own, columns.subject)) wrong.push(differs('subject'));
    for (const subject of [columns.subject, ...columns.bundled]) {
      if (subject && !isPlaced(row, subject)) wrong.push(differs('place in its package'));
    }
    const marks: [string, string][] = [
      ...columns.waivers.map((place): [string, string] => ['waiver', place]),
      ...columns.lifted.map((code): [string, string] => ['lifted', code]),
    ];
    if (marks.length > 0) marks.push(['waived', '']);
    if (!marks.every(([kind, text]) => marked.get(kind, text, row.seq) !== undefined))
      wrong.push(differs('waiver'));
    return wrong;
  }

  function isPlaced(row: StoredRow, { ecosystem, name, version, file, sha256, sha512 }: Subject): boolean {
    const bytes = [sha256, sha512].map((digest) => Buffer.from(digest.slice(7), 'hex')) as [Buffer, Buffer];
    const found = placed.get(name, ecosystem, version, file, ...bytes, row.seq);
    return found !== undefined && found.agent === row.agentWord && found.shape === row.shape;
  }

  /** What entries up to `last` are found by beyond what they have, and totals that are not those of the entries. */
  const surplus = db.transaction(
    (packages: number, marks: number, last: number = Number.MAX_SAFE_INTEGER): IndexFault[] => {
      const number = (sql: string) => db.prepare<[], number | null>(sql).pluck().get() ?? 0;
      const faults: IndexFault[] = [];
      const fault = (what: string) => faults.push({ seq: null, what });
      structureFaults(db).forEach(fault);
      if (number(`SELECT count(*) FROM package_entry WHERE seq <= ${last}`) !== packages)
        fault('the query index finds packages in entries that do not have them');
      if (number(`SELECT count(*) FROM mark WHERE seq <= ${last}`) !== marks)
        fault('the query index finds waivers in entries that do not have them');
      for (const [kind, key] of ['0', 'agent', 'subject', 'rules'].entries()) {
        const counted = `SELECT coalesce(policy, 0), shape, coalesce(${key}, 0), count(*), min(seq), max(seq) FROM entry_index
        WHERE seq <= (SELECT summed FROM index_state) GROUP BY 1, 2, 3`;
        const kept = `SELECT policy, shape, key, entries, first, last FROM total WHERE kind = ${kind}`;
        const differing = number(
          `SELECT (SELECT count(*) FROM (${counted} EXCEPT ${kept})) + (SELECT count(*) FROM (${kept} EXCEPT ${counted}))`,
        );
        if (differing > 0) fault(`the query index has ${differing} totals that are not those of its entries`);
      }
      const defect = indexDefect(db);
      if (defect) fault(defect);
      return faults;
    },
  );

  return { compareIndex: compare, indexSurplus: surplus };
}

/** What a comparison found, and how many rows the compared entries have beside their own. */
export interface IndexPart {
  readonly faults: readonly IndexFault[];
  readonly packages: number;
  readonly marks: number;
}

function isSame(row: SubjectRow | undefined, subject: Subject | null): boolean {
  if (!row || !subject) return !row && !subject;
  const { ecosystem, name, version, file } = row;
  return (
    ecosystem === subject.ecosystem &&
    name === subject.name &&
    version === subject.version &&
    file === subject.file &&
    row.sha256 === subject.sha256.slice(7) &&
    row.sha512 === subject.sha512.slice(7)
  );
}

interface StoredRow {
  readonly seq: number;
  readonly time: number;
  readonly shape: number;
  readonly agentWord: number | null;
  readonly subject: number | null;
  readonly type: string | null;
  readonly verdict: string | null;
  readonly route: string | null;
  readonly profile: string | null;
  readonly provenance: string | null;
  readonly codes: string | null;
  readonly agent: string | null;
  readonly policy: string | null;
  readonly rules: string | null;
}

interface SubjectRow extends Subject {
  readonly package: number;
}

interface PlacedRow {
  readonly id: number;
  readonly agent: number | null;
  readonly shape: number;
}
