import { readFile, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { writeDurable } from '../disk/durable.ts';
import { isMissing } from '../disk/missing.ts';
import { LedgerError } from '../ledger/ledger.ts';
import { lockFolder } from '../ledger/lock.ts';

const schema = z.strictObject({
  pid: z.number().int().min(2),
  /** When it began to answer, milliseconds since 1970. */
  startedAt: z.number().int(),
});

/** Which process serves from a data folder. */
export type RunningServer = z.infer<typeof schema>;

/** No server can be told anything: says why, and what to do. */
export class NoServer extends Error {
  override readonly name = 'NoServer';
}

function fileIn(data: string): string {
  return join(data, 'server.json');
}

/** Says that this process serves from the folder, whose lock it holds. It must heed SIGHUP by then. */
export async function writeServerFile(data: string, server: RunningServer): Promise<void> {
  await writeDurable(fileIn(data), Buffer.from(`${JSON.stringify(server)}\n`));
}

/** At the start, when the lock is held: what is there is of a process that ended; and at the end. */
export async function removeServerFile(data: string): Promise<void> {
  await rm(fileIn(data), { force: true });
}

/**
 * The process that serves from a data folder, safe to be sent a signal: it lives, is of this user, and holds the
 * folder's lock. Where the kernel says who holds it (Linux), that must be the very process, since numbers are used
 * again. Throws NoServer.
 */
export async function findServer(data: string): Promise<RunningServer> {
  const server = await read(data);
  try {
    process.kill(server.pid, 0);
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : null;
    if (code === 'EPERM') {
      throw new NoServer(
        `the server of ${data} (process ${server.pid}) runs as another user: run this command as that user`,
      );
    }
    throw gone(data);
  }
  const holders = await lockHolders(join(data, 'lock.db'));
  if (holders ? !holders.has(server.pid) : !(await isLocked(data))) throw gone(data);
  return server;
}

async function read(data: string): Promise<RunningServer> {
  let text: string;
  try {
    text = await readFile(fileIn(data), 'utf8');
  } catch (error) {
    if (isMissing(error)) {
      throw new NoServer(
        `no server runs on ${data}; start it, or name its folder with SALLYPORT_DATA (a server that has just begun is not ready yet)`,
      );
    }
    throw new NoServer(`${fileIn(data)} cannot be read: ${String(error)}`);
  }
  const parsed = schema.safeParse(jsonOf(text));
  if (!parsed.success) throw new NoServer(`${fileIn(data)} is not what a server writes; restart the server`);
  return parsed.data;
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

function gone(data: string): NoServer {
  return new NoServer(`the server of ${data} ended without a word, and none runs there now; start it`);
}

/** The processes that hold a lock of fcntl on a file, by `/proc/locks`; null where that does not say. */
async function lockHolders(path: string): Promise<ReadonlySet<number> | null> {
  try {
    const [table, { ino }] = await Promise.all([readFile('/proc/locks', 'utf8'), stat(path)]);
    const holders = new Set<number>();
    for (const line of table.split('\n')) {
      // `1: POSIX  ADVISORY  WRITE 4711 08:01:123456 1073741824 1073742335`
      const [, kind, , , pid, place] = line.trim().split(/\s+/);
      if (kind === 'POSIX' && place?.split(':').at(-1) === String(ino)) holders.add(Number(pid));
    }
    // A holder outside of this container is not told, or as 0; some file systems number their files otherwise.
    return holders.size > 0 && !holders.has(0) ? holders : null;
  } catch {
    return null;
  }
}

async function isLocked(data: string): Promise<boolean> {
  try {
    (await lockFolder(data))();
    return false;
  } catch (error) {
    if (error instanceof LedgerError && error.code === 'locked') return true;
    throw error;
  }
}
