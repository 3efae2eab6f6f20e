import type { OpenCheckpoint } from '../log/checkpoint.ts';
import { emptyRoot, leafHashOf } from '../log/hash.ts';
import { LogError } from '../log/log-error.ts';
import type { VerifierKey } from '../log/note.ts';
import type { TileBuilder } from '../log/tile-builder.ts';
import type { TlogPolicy } from '../log/tlog-policy.ts';
import { cosignedBy } from '../log/tlog-policy.ts';
import { type Anchor, AnchorCheck, type AnchorList, anchorList } from './anchors.ts';
import type { AuditSource, SealedRow } from './audit-source.ts';
import type { AuditDatabase } from './database.ts';
import { type ReadEntry, readForm } from './entry-form.ts';
import type { Findings } from './finding.ts';
import { readCheckpoint, sealedHeads } from './heads.ts';
import type { IndexAudit } from './index-audit.ts';
import { type Walked, walkLog } from './log-walk.ts';
import { strayFiles } from './stray-files.ts';

/** One log and all that is known of it before its entries are read. */
export interface AuditedLog {
  readonly number: number;
  readonly source: AuditSource;
  /** The checkpoint's bytes, read before anything else; null where there is none. */
  readonly checkpoint: Uint8Array | null;
  readonly key: VerifierKey | null;
  /** Place of its entry 0 in the ledger; null where that is not known. */
  readonly base: number | null;
  /** Place in the ledger where the next log begins; null where there is none, or it is not known. */
  readonly end: number | null;
  /** Whether it is the newest, which a server may be writing. */
  readonly running: boolean;
  /** Heads that it must contain, from elsewhere. */
  readonly anchors: readonly Anchor[];
}

export interface LogContext {
  readonly database: AuditDatabase | null;
  readonly index: IndexAudit | null;
  readonly witnesses: TlogPolicy | null;
  /** When the checkpoints were read, ms since 1970. */
  readonly readAt: number;
  /** Whether a server writes it now. */
  readonly live: boolean;
  readonly findings: Findings;
  visit(log: AuditedLog, index: number, entry: ReadEntry | null): void;
  progress(log: number, entries: number, size: number): void;
}

/** What became of one log. */
export interface LogResult {
  readonly checkpoint: OpenCheckpoint | null;
  readonly walked: Walked | null;
}

/** How long after it is sealed a head may not be published yet, ms: a second is usual. */
const PUBLISHING = 10_000;

/** How long an entry may wait for its checkpoint while a server runs, ms: then it takes no more entries itself. */
const LATE = 60_000;

/** Checks one log: its head, every tile, every entry, and what stands of it in the database. */
export async function auditLog(log: AuditedLog, context: LogContext): Promise<LogResult> {
  const { number, source, key } = log;
  const { findings, database } = context;
  const lists: AnchorList[] = [anchorList([...log.anchors, ...(await cosignedAnchor(log, context))])];
  if (database)
    lists.push(
      sealedHeads(database, number, (error) =>
        findings.problem(
          'unreadable',
          'history',
          { log: number },
          `the history cannot be read: ${String(error)}`,
        ),
      ),
    );
  const begun = log.checkpoint === null && database !== null && heads(database, number).length === 0;
  if (begun) findings.note('late', 'checkpoint', { log: number }, 'nothing of this log is published yet');
  const read = readCheckpoint(log.checkpoint, key);
  if ('problem' in read && !begun)
    findings.problem(
      read.code,
      'checkpoint',
      { log: number, path: 'checkpoint' },
      `the checkpoint ${read.problem}`,
    );
  const checkpoint = 'open' in read ? read.open : null;
  const head = checkpoint ?? (begun ? { size: 0, root: emptyRoot() } : newestKnown(log, context));
  if (head === null) return { checkpoint, walked: null };
  const anchors = new AnchorCheck(number, lists, findings);
  const walked = await walkLog(
    { number, source, size: head.size, root: head.root, base: log.base, database, index: context.index },
    anchors,
    (index, _leaf, entry) => context.visit(log, index, entry),
    findings,
    (entries) => context.progress(number, entries, head.size),
  );
  try {
    const held =
      database && log.base !== null
        ? await behindHead(log, log.base, head.size, walked.tree, anchors, database, context)
        : head.size;
    anchors.tell();
    largerHeads(log, head.size, held, anchors, context);
  } catch (error) {
    if (!(error instanceof Error) || !('code' in error) || !String(error.code).startsWith('SQLITE_'))
      throw error;
    findings.problem(
      'unreadable',
      'database',
      { log: number },
      `the database cannot be read: ${error.message}`,
    );
  }
  await strayFiles(
    { number, source, size: head.size, base: log.base, database, live: context.live && log.running },
    findings,
  );
  return { checkpoint, walked };
}

/** The smallest head of a log's history, as a list; none where there is none, or it cannot be read. */
function heads(database: AuditDatabase, log: number): readonly SealedRow[] {
  try {
    return database.heads(log, -1, 1);
  } catch {
    // Told where the history is held against the log.
    return [];
  }
}

/** The newest checkpoint that met the witness policy, as it lies beside the log. */
async function cosignedAnchor(log: AuditedLog, { findings, witnesses }: LogContext): Promise<Anchor[]> {
  const bytes = await log.source.read('cosigned');
  const place = { log: log.number, path: 'cosigned' };
  if (bytes === null) return [];
  const read = readCheckpoint(bytes, log.key);
  if ('problem' in read) {
    findings.problem(read.code, 'cosignatures', place, `the cosigned checkpoint ${read.problem}`);
    return [];
  }
  const { size, root, note } = read.open;
  if (witnesses)
    try {
      if (!cosignedBy(note, witnesses).met)
        findings.problem(
          'policy',
          'cosignatures',
          place,
          'the cosigned checkpoint does not meet the witness policy',
        );
    } catch (error) {
      if (!(error instanceof LogError)) throw error;
      findings.problem('signature', 'cosignatures', place, error.message);
    }
  return [{ size, root, copy: 'cosignatures', words: `the cosigned checkpoint of ${size} entries` }];
}

/** Where the checkpoint is damaged: the newest head of the history, so that what is wrong below it is found as well. */
function newestKnown({ number }: AuditedLog, { database }: LogContext) {
  if (database === null) return null;
  let newest: SealedRow | null = null;
  try {
    for (let after = -1; ; ) {
      const last: SealedRow | undefined = database.heads(number, after, 1024).at(-1);
      if (last === undefined) return newest;
      newest = last;
      after = last.size;
    }
  } catch {
    // Told where the history is held against the log, or the rows are read.
    return newest;
  }
}

/**
 * The rows of a log that its checkpoint does not cover: of the running log those that wait to be published, of an ended
 * one those that were never signed, for which its successor's first entry vouches. Gives how many entries there are.
 */
async function behindHead(
  log: AuditedLog,
  base: number,
  size: number,
  tree: TileBuilder | null,
  anchors: AnchorCheck,
  database: AuditDatabase,
  { findings, live, readAt, index }: LogContext,
): Promise<number> {
  const last = Math.min(database.lastSeq(), (log.end ?? Number.POSITIVE_INFINITY) - 1);
  let next = base + size;
  let oldest = Number.POSITIVE_INFINITY;
  let newest = 0;
  while (next <= last) {
    const rows = database.rows(next, Math.min(next + 256, last + 1));
    if (rows[0]?.seq !== next) break;
    const first = next;
    for (const { seq, leaf, bytes } of rows) {
      const place = { log: log.number, from: seq - base, seq };
      if (seq !== next) break;
      next += 1;
      const read = readForm(bytes);
      if (typeof read === 'string') findings.problem('form', 'entries', place, `the entry ${read}`);
      else if (typeof read['time'] === 'number') {
        oldest = Math.min(oldest, read['time']);
        newest = Math.max(newest, read['time']);
      }
      if (!leafHashOf(bytes).equals(leaf))
        findings.problem('changed', 'database', place, "the row's leaf is not the hash of its bytes");
      tree?.append(leaf);
      if (tree && tree.size >= anchors.nextSize) anchors.reached(tree.size, tree.root(), false);
    }
    tree?.drain();
    await index?.compare(log.number, base, first, next - first, next - first);
  }
  const stray = database.nextSeq(next);
  if (stray !== null && stray <= last)
    findings.problem(
      log.running ? 'missing' : 'extra',
      'database',
      { log: log.number, from: next - base, to: stray - base - 1, seq: next },
      log.running
        ? 'the rows are not there'
        : 'between this log and the next there are rows that are in neither',
    );
  const waiting = next - base - size;
  const place = { log: log.number, from: size, to: next - base - 1, seq: base + size };
  if (waiting > 0 && log.running) {
    if (live && oldest < readAt - LATE)
      findings.problem(
        'late',
        'entries',
        place,
        'a server runs, and has not published these entries for a minute',
      );
    else if (newest - oldest > 2 * LATE)
      findings.problem(
        'late',
        'entries',
        place,
        'these entries are not signed, and are of a longer time than a server takes any without signing them: its ' +
          'checkpoint is an old one, or they are not what it entered',
      );
    else if (!live)
      findings.note(
        'late',
        'entries',
        place,
        'these entries are durable and not published yet: the next start does',
      );
  }
  return next - base;
}

/** Heads beyond what there is. */
function largerHeads(
  log: AuditedLog,
  size: number,
  held: number,
  anchors: AnchorCheck,
  { findings, database, readAt }: LogContext,
): void {
  for (const anchor of anchors.beyond()) {
    const has = anchor.copy === 'history' ? held : size;
    findings.problem(
      'future',
      anchor.copy,
      { log: log.number, from: has, to: anchor.size - 1 },
      anchor.copy === 'history'
        ? `${anchor.words} is of more entries than the ${held} that are here: the end of the ledger is gone`
        : `${anchor.words} is of more entries than the ${size} of the log's checkpoint: the log was cut off or restored from a copy`,
    );
  }
  if (database === null) return;
  const newer = database.heads(log.number, size, 1024).filter(({ time }) => time < readAt - PUBLISHING);
  if (newer.length > 1)
    findings.problem(
      'changed',
      'checkpoint',
      { log: log.number, path: 'checkpoint' },
      `the checkpoint is an old one: ${newer.length} larger heads were signed after it`,
    );
  else if (newer.length === 1)
    findings.note(
      'late',
      'checkpoint',
      { log: log.number },
      `a head of ${newer[0]?.size} entries was sealed and its checkpoint not written: the next start does`,
    );
}
