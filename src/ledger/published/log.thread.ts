import { workerData } from 'node:worker_threads';
import { openForReading } from '../sqlite/database.ts';
import type { Reply, Request } from '../sqlite/protocol.ts';
import { greet, portOfThread, refused, run } from '../sqlite/serve.ts';
import { LogFiles } from './log-files.ts';
import type { LogThreadCalls, LogThreadData } from './log-thread.ts';

/** Makes the files of a log, one call after the other, on a connection of its own that only reads. */

const port = portOfThread();
const opened = greet(port, () => {
  const { path, folder, extent } = workerData as LogThreadData;
  const db = openForReading(path);
  // Entries are read once, in order: nothing of them is worth keeping.
  db.pragma('cache_size = -1000');
  return { db, files: new LogFiles(db, folder, extent) };
});

if (opened) {
  const { db, files } = opened;
  const calls: LogThreadCalls = {
    resume: (head) => files.resume(head),
    rootOf: (size) => files.rootOf(size),
    rebuild: (size) => files.rebuild(size),
    grow: () => files.grow(),
    publish: (named) => files.publish(named),
    tidy: (from, to) => files.tidy(from, to),
    withdrawn: (from, below) => files.withdrawn(from, below),
    olderThan: (time, from, size) => files.olderThan(time, from, size),
  };
  let last: Promise<void> = Promise.resolve();
  port.on('message', (request: Request | null) => {
    last = last.then(async () => {
      if (request !== null) {
        port.postMessage([await answer(async () => run(calls, request), request)]);
        return;
      }
      db.close();
      port.close();
    });
  });
} else {
  port.close();
}

async function answer(work: () => Promise<unknown>, request: Request): Promise<Reply> {
  try {
    return { id: request.id, value: await work() };
  } catch (error) {
    return refused(request, error);
  }
}
