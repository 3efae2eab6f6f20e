import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import Database from 'better-sqlite3';
import { onTestFinished } from 'vitest';
import { logsIn } from '../../../src/ledger/audit/data-folder.ts';
import { type AuditReport, auditLedger, type LedgerAudit } from '../../../src/ledger/audit/ledger-audit.ts';
import type { EntryDraft } from '../../../src/ledger/ledger.ts';
import { leafHashOf } from '../../../src/ledger/log/hash.ts';
import { verifierKey } from '../../../src/ledger/log/note.ts';
import { openLedger } from '../../../src/ledger/open.ts';
import { type ForgedLog, forgedLog, treeOf } from './forged.ts';

/** A data folder with a ledger and its log, which tests change as they like. */
export interface DataPlace {
  readonly dir: string;
  readonly log: ForgedLog;
  /** Changes the database. */
  sql(text: string, ...values: unknown[]): void;
  /** Writes the log's files as they are in `log.files`. */
  write(): void;
  file(path: string): string;
  /** The leaf hash of an entry. */
  leaf(seq: number): Buffer;
  audit(more?: Partial<LedgerAudit>): Promise<AuditReport>;
  /** A copy that is gone when the test is over. */
  copy(): DataPlace;
}

export const NOW = 2_000_000_000_000;

/** A ledger of these entries, with a log and a head of each of these sizes. */
export async function dataPlace(drafts: readonly EntryDraft[], heads: readonly number[]): Promise<DataPlace> {
  const dir = mkdtempSync(join(tmpdir(), 'audit-'));
  const ledger = await openLedger({ dir });
  // A thread takes no more than so many at once.
  for (let i = 0; i < drafts.length; i += 500)
    await Promise.all(drafts.slice(i, i + 500).map((draft) => ledger.append(draft)));
  await ledger.close();
  const db = new Database(join(dir, 'ledger', 'ledger.db'));
  const entries = db.prepare<[], string>('SELECT bytes FROM entry ORDER BY seq').pluck().all();
  const log = forgedLog(entries.map((text) => Buffer.from(text)));
  db.prepare('INSERT INTO log (number, origin, vkey, base, opened) VALUES (1, ?, ?, 0, 1)').run(
    log.signer.name,
    log.vkey,
  );
  for (const size of heads)
    db.prepare('INSERT INTO head (log, size, root, time) VALUES (1, ?, ?, ?)').run(
      size,
      log.root(size),
      1000 + size,
    );
  db.close();
  const place = placeOf(dir, log);
  place.write();
  return place;
}

export function removePlace({ dir }: Pick<DataPlace, 'dir'>): void {
  rmSync(dir, { recursive: true, force: true });
}

function placeOf(dir: string, log: ForgedLog): DataPlace {
  const file = (path: string) => join(dir, 'ledger', 'log', path);
  return {
    dir,
    log,
    file,
    leaf: (seq) => leafHashOf(log.entries[seq] ?? Buffer.alloc(0)),
    sql: (text, ...values) => {
      const db = new Database(join(dir, 'ledger', 'ledger.db'));
      try {
        db.prepare(text).run(...values);
      } finally {
        db.close();
      }
    },
    write: () => {
      rmSync(join(dir, 'ledger', 'log'), { recursive: true, force: true });
      for (const [path, bytes] of log.files) {
        mkdirSync(dirname(file(path)), { recursive: true });
        writeFileSync(file(path), bytes);
      }
    },
    audit: async (more = {}) => {
      const folder = await logsIn(dir);
      if (folder === null) throw new Error('there is no ledger');
      return auditLedger({
        ...folder,
        keys: [verifierKey(log.vkey)],
        kept: [],
        witnesses: null,
        live: false,
        now: () => NOW,
        progress: () => {},
        ...more,
      });
    },
    copy: () => {
      const other = mkdtempSync(join(tmpdir(), 'audit-'));
      onTestFinished(() => rmSync(other, { recursive: true, force: true }));
      cpSync(dir, other, { recursive: true });
      return placeOf(other, forgedLog(log.entries, log.signer.name, log.key));
    },
  };
}

/** The leaf of bytes, as the database has it. */
export const leafOf = (text: string): Buffer => leafHashOf(Buffer.from(text));

export { treeOf };
