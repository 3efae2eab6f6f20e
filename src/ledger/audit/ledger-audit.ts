import type { OpenCheckpoint } from '../log/checkpoint.ts';
import { LogError } from '../log/log-error.ts';
import type { VerifierKey } from '../log/note.ts';
import { type CosignedBy, cosignedBy, type TlogPolicy } from '../log/tlog-policy.ts';
import { nameOf } from '../published/known-head.ts';
import type { LogRow } from '../published/published.ts';
import type { Anchor } from './anchors.ts';
import type { AuditSource } from './audit-source.ts';
import { type Beginning, beginningOf, checkEnd, checkLink } from './chain.ts';
import { Counters } from './counters.ts';
import type { AuditDatabase } from './database.ts';
import type { ReadEntry } from './entry-form.ts';
import { type Finding, Findings } from './finding.ts';
import { keyOf, originOf, readCheckpoint, readText } from './heads.ts';
import { IndexAudit } from './index-audit.ts';
import { type AuditedLog, auditLog, type LogResult } from './log-audit.ts';
import { Retention } from './retention.ts';

/** A log by its number, and where its files are. */
export interface LogFiles {
  readonly number: number;
  readonly source: AuditSource;
  /** Place of its entry 0 in the ledger, as whoever serves it says; the database knows better. */
  readonly base?: number;
}

/** A checkpoint that somebody kept: what the log must contain. */
export interface KeptHead {
  /** The note as it was kept. */
  readonly note: string;
  readonly copy: 'kept checkpoint' | 'head copy';
}

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
  /** Where the key was had from: the auditor, a log whose key the auditor gave, or only from beside the log. */
  readonly keyFrom: 'given' | 'chain' | 'beside';
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

/** A log with what lies beside it. */
interface Opened extends LogFiles {
  readonly checkpoint: Uint8Array | null;
  readonly key: VerifierKey | null;
  readonly keyFrom: AuditedHead['keyFrom'];
  readonly open: OpenCheckpoint | null;
  readonly begun: Beginning | null;
}

/**
 * Checks a ledger: every log of it, and that each begins where the one before ended. Rejects only where it could not look
 * (a network or a disk that fails); whatever is wrong with what it read is a finding.
 */
export async function auditLedger(audit: LedgerAudit): Promise<AuditReport> {
  const findings = new Findings();
  const { logs, keys, live } = audit;
  // The running one last and its checkpoint before the database, so that whatever a checkpoint covers is in it.
  const files: { log: LogFiles; checkpoint: Uint8Array | null; vkey: string | null }[] = [];
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
    const results: { log: Opened; result: LogResult }[] = [];
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
    if (database && index) await index.end(database.rowCount(), database.lastSeq());
    for (const { log, result } of results)
      if (result.walked)
        retention.check(
          log.number,
          result.walked,
          await log.source.read('retention'),
          database !== null,
          findings,
        );
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

/** The database with the logs that it knows: one that cannot be read is a finding, and the logs are checked without it. */
function openBeside(
  open: LedgerAudit['database'],
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

/** Chooses each log's key, and opens its checkpoint. A key that was given vouches for those before it, by the chain. */
async function openAll(
  files: readonly { log: LogFiles; checkpoint: Uint8Array | null; vkey: string | null }[],
  keys: readonly VerifierKey[],
  findings: Findings,
): Promise<Opened[]> {
  const opened: Opened[] = [];
  let vouched: string | null = null;
  for (const { log, checkpoint, vkey } of files.toReversed()) {
    const beside = besideKey(log.number, vkey, findings);
    const origin = originOf(checkpoint) ?? beside?.name ?? null;
    const given = keys.find(({ name }) => name === origin) ?? null;
    let key = given ?? beside;
    let keyFrom: AuditedHead['keyFrom'] = given ? 'given' : 'beside';
    const place = { log: log.number, path: 'vkey' };
    if (given && beside && given.vkey !== beside.vkey)
      findings.problem(
        'key',
        'key',
        place,
        `the key beside the log is not the one that you gave: ${beside.vkey}`,
      );
    if (!given && vouched !== null) {
      keyFrom = 'chain';
      if (beside && vouched !== beside.vkey)
        findings.problem(
          'key',
          'key',
          place,
          `the key beside the log is not the one that the next log names: ${beside.vkey}`,
        );
      key = tryKey(vouched) ?? beside;
    }
    if (!given && vouched === null && keys.length > 0)
      findings.problem(
        'key',
        'key',
        place,
        `the log ${origin ?? ''} is signed by a key that you did not give, and that nothing you gave vouches for: ${beside?.vkey ?? 'there is none beside it'}`,
      );
    if (keyFrom === 'beside' && keys.length === 0)
      findings.note(
        'key',
        'key',
        place,
        'the key is only what lies beside the log: whoever can write there can sign; give the one that you kept (--key)',
      );
    const read = readCheckpoint(checkpoint, key);
    const open = 'open' in read ? read.open : null;
    const begun = open && log.number > 1 ? await beginningOf(log.source, open.size) : null;
    vouched = keyFrom === 'beside' ? null : (begun?.previous.vkey ?? null);
    opened.unshift({ ...log, checkpoint, key, keyFrom, open, begun });
  }
  return opened;
}

function besideKey(log: number, vkey: string | null, findings: Findings): VerifierKey | null {
  const place = { log, path: 'vkey' };
  if (vkey === null) {
    findings.problem('missing', 'key', place, 'the verifier key is not there');
    return null;
  }
  try {
    return keyOf(vkey);
  } catch (error) {
    if (!(error instanceof LogError)) throw error;
    findings.problem('unreadable', 'key', place, `the file is no verifier key: ${error.message}`);
    return null;
  }
}

function tryKey(vkey: string): VerifierKey | null {
  try {
    return keyOf(vkey);
  } catch {
    // The chain's own check says that it is another key.
    return null;
  }
}

/** The logs that the database knows against those that lie there. */
function checkRows(
  opened: readonly Opened[],
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

/** Whether every log of this ledger is here that the auditor has a key of. */
function checkKeys(keys: readonly VerifierKey[], opened: readonly Opened[], findings: Findings): void {
  const names = opened.flatMap(({ key, open }) => open?.origin ?? key?.name ?? []);
  const others = names.map(nameOf);
  for (const { name } of keys) {
    if (names.includes(name) || !others.includes(nameOf(name))) continue;
    findings.problem('origin', 'key', { log: null }, `you gave the key of ${name}, and no such log is here`);
  }
}

/** Kept checkpoints as heads of the log that they are of. */
function keptAnchors(
  kept: readonly KeptHead[],
  opened: readonly Opened[],
  keys: readonly VerifierKey[],
  findings: Findings,
): ReadonlyMap<number, Anchor[]> {
  const anchors = new Map<number, Anchor[]>();
  for (const { note, copy } of kept) {
    const origin = originOf(note);
    const log = opened.find(({ key, open }) => (open?.origin ?? key?.name) === origin);
    if (log === undefined) {
      findings.problem(
        'origin',
        copy,
        { log: null },
        `the ${copy} is of ${origin ?? 'no log'}, and no such log is here`,
      );
      continue;
    }
    // By the key that the auditor gave, if that is another than what signed the log.
    const read = readCheckpoint(note, keys.find(({ name }) => name === origin) ?? log.key);
    if ('problem' in read) {
      findings.problem(read.code, copy, { log: log.number }, `the ${copy} ${read.problem}`);
      continue;
    }
    const { size, root } = read.open;
    const list = anchors.get(log.number) ?? [];
    list.push({ size, root, copy, words: `the ${copy} of ${size} entries` });
    anchors.set(log.number, list);
  }
  return anchors;
}

/** What the next log's first entry says of this one: over all its entries where the database has them. */
function chainAnchor(next: Opened | undefined, hasDatabase: boolean, log: Opened): Anchor[] {
  const previous = next?.begun?.previous;
  if (previous === undefined || previous.log !== log.number) return [];
  // Entries that were never signed are in the database only.
  if (!hasDatabase && previous.size > (log.open?.size ?? 0)) return [];
  const root = Buffer.from(previous.root, 'hex');
  return [
    {
      size: previous.size,
      root,
      copy: 'chain',
      words: `the head of ${previous.size} entries that the next log begins with`,
    },
  ];
}

/** Whether the newest checkpoint, or the newest cosigned one, has the cosignatures that the policy asks for. */
async function checkCosigned(log: Opened | undefined, witnesses: TlogPolicy | null, findings: Findings) {
  if (!log || witnesses === null || log.key === null) return null;
  const { number, key, open } = log;
  const place = { log: number };
  if (witnesses.logs.length > 0 && !witnesses.logs.some((one) => one.key.vkey === key.vkey))
    findings.problem('policy', 'cosignatures', place, 'the witness policy does not name this log');
  const newest = open && cosignedOf(open, witnesses, number, findings);
  if (newest?.met) return newest;
  const read = readCheckpoint(await log.source.read('cosigned'), key);
  const older = 'open' in read ? read.open : null;
  const cosigned = older && cosignedOf(older, witnesses, number, findings);
  if (!cosigned?.met) {
    findings.problem(
      'policy',
      'cosignatures',
      place,
      'no checkpoint has the cosignatures that the witness policy asks for',
    );
    return newest;
  }
  findings.note(
    'told',
    'cosignatures',
    { log: number, from: older?.size ?? 0 },
    `witnesses vouch for the first ${older?.size} entries; the ${(open?.size ?? 0) - (older?.size ?? 0)} after them are not cosigned yet`,
  );
  return cosigned;
}

function cosignedOf(
  open: OpenCheckpoint,
  witnesses: TlogPolicy,
  log: number,
  findings: Findings,
): CosignedBy | null {
  try {
    return cosignedBy(open.note, witnesses);
  } catch (error) {
    if (!(error instanceof LogError)) throw error;
    findings.problem('signature', 'cosignatures', { log }, error.message);
    return null;
  }
}
