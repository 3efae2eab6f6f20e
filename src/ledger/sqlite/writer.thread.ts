import { receiveMessageOnPort, workerData } from 'node:worker_threads';
import type Database from 'better-sqlite3';
import { LedgerError } from '../ledger.ts';
import { openForWriting } from './database.ts';
import type { Reply, Request } from './protocol.ts';
import { greet, portOfThread, refused, run } from './serve.ts';
import { type Writes, writesTo } from './writes.ts';

/**
 * The only writer. Group commit without a timer: while one commit waits for the disk, requests gather in the
 * port; the next commit takes all of them. An answer is sent when the commit that holds it has returned, never
 * before. A listing with very many files has a commit of its own, so that appends do not wait for several.
 */

/** Requests of one commit at most. */
const MAX_BATCH = 1024;

/** Bytes of a listing's files above which it is committed alone: about a millisecond's work. */
const LARGE_LISTING = 32 * 1024;

const port = portOfThread();
const opened = greet(port, () => {
  const db = openForWriting((workerData as { path: string }).path);
  return { db, writes: writesTo(db) };
});

if (opened) serve(opened.db, opened.writes);
else port.close();

function serve(db: Database.Database, writes: Writes): void {
  const ordinary: Request[] = [];
  const large: Request[] = [];
  let closing = false;
  /** Set when the database can be trusted no more; everything is refused until a restart. */
  let dead: LedgerError | null = null;
  const transaction = db.transaction(runAll);

  /** The totals of the query index: behind the answers, step by step, as long as nobody waits. */
  let summing = false;
  const sum = db.transaction(() => writes.sum());
  const sumMore = () => {
    summing = false;
    if (closing || dead) return;
    try {
      if (sum.immediate()) later();
    } catch (error) {
      writes.forget();
      dead ??= endOf(error, db);
    }
  };
  const later = () => {
    if (summing || !writes.isToSum()) return;
    summing = true;
    setImmediate(sumMore);
  };
  later();

  port.on('message', (message: Request | null) => {
    gather(message);
    for (;;) {
      for (let more = receiveMessageOnPort(port); more; more = receiveMessageOnPort(port))
        gather(more.message);
      if (ordinary.length > 0) commit(ordinary.splice(0, MAX_BATCH));
      const one = large.shift();
      if (one) commit([one]);
      else if (ordinary.length === 0) break;
    }
    if (closing) {
      db.close();
      port.close();
    } else later();
  });

  function gather(message: Request | null): void {
    if (message === null) closing = true;
    else if (isLarge(message)) large.push(message);
    else ordinary.push(message);
  }

  function commit(batch: readonly Request[]): void {
    let replies: Reply[];
    try {
      if (dead) throw dead;
      replies = transaction.immediate(batch);
    } catch (error) {
      writes.forget();
      dead ??= endOf(error, db);
      // A request that breaks a constraint must not take the others with it; a disk that fails takes all.
      if (!dead && batch.length > 1 && !isStorage(error)) {
        for (const request of batch) commit([request]);
        return;
      }
      replies = batch.map((request) => refused(request, error));
    }
    port.postMessage(replies);
  }

  function runAll(batch: readonly Request[]): Reply[] {
    return batch.map((request) => {
      try {
        return { id: request.id, value: run(writes.calls, request) };
      } catch (error) {
        if (error instanceof LedgerError) return refused(request, error);
        throw error;
      }
    });
  }
}

function isLarge(request: Request): boolean {
  const files = request.args[1];
  return request.call === 'sawIndex' && files instanceof Uint8Array && files.byteLength > LARGE_LISTING;
}

/** Faults of the disk or the file, which any other request would meet as well. */
function isStorage(error: unknown): boolean {
  const code = codeOf(error);
  return code.startsWith('SQLITE_') && !code.startsWith('SQLITE_CONSTRAINT');
}

/**
 * After a full disk or a failed sync SQLite has rolled back, and the next commit writes the same place of the
 * WAL anew, so a later success is a real one. A damaged file, or a rollback that failed, is the end.
 */
function endOf(error: unknown, db: Database.Database): LedgerError | null {
  const code = codeOf(error);
  const damaged = code.startsWith('SQLITE_CORRUPT') || code.startsWith('SQLITE_NOTADB');
  if (!damaged && !db.inTransaction) return null;
  return new LedgerError('unavailable', `the ledger writes no more until it is restarted: ${String(error)}`);
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : '';
}
