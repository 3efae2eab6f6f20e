import type { VerifierKey } from '../log/note.ts';
import type { CosignedBy, TlogPolicy } from '../log/tlog-policy.ts';
import { checkEnd, checkLink } from './chain.ts';
import { checkCosigned } from './cosigned.ts';
import { Counters } from './counters.ts';
import type { AuditDatabase } from './database.ts';
import type { ReadEntry } from './entry-form.ts';
import { type Finding, Findings } from './finding.ts';
import { readText } from './heads.ts';
import { IndexAudit } from './index-audit.ts';
import { chainAnchor, type KeptHead, keptAnchors } from './kept-heads.ts';
import { type AuditedLog, auditLog, type LogResult } from './log-audit.ts';
import {
  checkKeys,
  type FoundLog,
  type KeyFrom,
  type LogFiles,
  type OpenedLog,
  openAll,
} from './log-keys.ts';
import { checkRows, openBeside } from './log-rows.ts';
import { Retention } from './retention.ts';

export interface LedgerAudit {
  /** The logs of one ledger, the oldest first; of the last one a server may be writing. */
  readonly logs: readonly LogFiles[];
  /** Keys that the auditor has from elsewhere; none: what lies beside the logs is taken. */
  readonly keys: readonly VerifierKey[];
  readonly kept: readonly KeptHead[];
  readonly witnesses: TlogPolicy | null;
  /** Opened once the checkpoints were read, so that it has all that they cover; null where there is none. */
  readonly database: (() => AuditDatabase) | null;
  readonly live: boolean;
  now(): number;
  progress(log: number, entries: number, size: number): void;
}

/** What was verified of one log. */
export interface AuditedHead {
  readonly number: number;
  readonly origin: string | null;
  /** Of the checkpoint; null where it does not verify. */
  readonly size: number | null;
  /** 64 hex digits. */
  readonly root: string | null;
  readonly vkey: string | null;
  readonly keyFrom: KeyFrom;
  readonly entries: number;
  readonly cosigned: CosignedBy | null;
}

export interface AuditReport {
  readonly findings: readonly Finding[];
  /** How many were found and not kept. */
  readonly left: Readonly<Record<Finding['kind'], number>>;
  readonly problems: number;
  readonly logs: readonly AuditedHead[];
  /** Statements of the gate that were compared with the entries. */
  readonly counted: number;
}

/**
 * Checks a ledger: every log of it, and that each begins where the one before ended. Rejects only where it could not look
 * (a network or a disk that fails); whatever is wrong with what it read is a finding.
 */
export async function auditLedger(audit: LedgerAudit): Promise<AuditReport> {
  const findings = new Findings();
  const { logs, keys, live } = audit;
  // The running one last and its checkpoint before the database, so that whatever a checkpoint covers is in it.
  const files: FoundLog[] = [];
  for (const log of logs)
    files.push({
      log,
      checkpoint: await log.source.read('checkpoint'),
      vkey: await readText(log.source, 'vkey'),
    });
  const readAt = audit.now();
  const [database, known] = openBeside(audit.database, findings);
  const index = database && new IndexAudit(database.path, findings);
  try {
    const opened = await openAll(files, keys, findings);
    const rows = new Map(known.map((row) => [row.number, row]));
    checkRows(opened, rows, database, findings);
    checkKeys(keys, opened, findings);
    const anchors = keptAnchors(audit.kept, opened, keys, findings);
    const counters = new Counters(findings);
    const retention = new Retention();
    const results: { log: OpenedLog; result: LogResult }[] = [];
    for (const [at, log] of opened.entries()) {
      const next = opened[at + 1];
      const base = rows.get(log.number)?.base ?? log.base ?? (log.number === 1 ? 0 : null);
      const audited: AuditedLog = {
        number: log.number,
        source: log.source,
        checkpoint: log.checkpoint,
        key: log.key,
        base,
        end: next ? (rows.get(next.number)?.base ?? null) : null,
        running: next === undefined,
        anchors: [...(anchors.get(log.number) ?? []), ...chainAnchor(next, database !== null, log)],
      };
      let last: { log: number; index: number; entry: ReadEntry | null } | null = null;
      const result = await auditLog(audited, {
        database,
        index,
        witnesses: audit.witnesses,
        readAt,
        live,
        findings,
        visit: (_log, index, entry) => {
          counters.visit(log.number, index, base === null ? null : base + index, entry);
          retention.visit(entry);
          last = { log: log.number, index, entry };
        },
        progress: (number, entries, size) => audit.progress(number, entries, size),
      });
      results.push({ log, result });
      if (last) checkEnd(last, next, findings);
      if (log.number > 1) {
        const before = opened.find(({ number }) => number === log.begun?.previous.log);
        checkLink(
          log.begun,
          { ...log, base },
          before ? { number: before.number, key: before.key, size: before.open?.size ?? null } : null,
          database !== null,
          findings,
        );
      }
    }
    counters.tell();
    if (database && index) {
      const whole = results.every(({ result }) => result.walked?.whole === true);
      await index.end(database.rowCount(), database.lastSeq(), whole);
    }
    for (const { log, result } of results)
      if (result.walked)
        await retention.check(log.number, result.walked, log.source, database !== null, findings);
    const cosigned = await checkCosigned(opened.at(-1), audit.witnesses, findings);
    return {
      findings: findings.all,
      left: findings.left,
      problems: findings.problems,
      counted: counters.compared,
      logs: results.map(({ log, result }) => ({
        number: log.number,
        origin: log.key?.name ?? null,
        size: result.checkpoint?.size ?? null,
        root: result.checkpoint?.root.toString('hex') ?? null,
        vkey: log.key?.vkey ?? null,
        keyFrom: log.keyFrom,
        entries: result.walked?.entries ?? 0,
        cosigned: log === opened.at(-1) ? cosigned : null,
      })),
    };
  } finally {
    await index?.close();
    database?.close();
  }
}
