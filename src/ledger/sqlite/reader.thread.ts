import { workerData } from 'node:worker_threads';
import { openForReading } from './database.ts';
import type { Reply, Request } from './protocol.ts';
import { readsOf } from './reads.ts';
import { greet, portOfThread, refused, run } from './serve.ts';

/** Looks things up, on a connection of its own: it sees every commit that has returned, and delays none. */

const port = portOfThread();
const opened = greet(port, () => {
  const db = openForReading((workerData as { path: string }).path);
  return { db, calls: readsOf(db) };
});

if (opened) {
  const { db, calls } = opened;
  const send = (reply: Reply) => {
    const bytes = 'value' in reply && reply.value instanceof Uint8Array ? reply.value : null;
    port.postMessage([reply], bytes ? [bytes.buffer as ArrayBuffer] : []);
  };
  port.on('message', (request: Request | null) => {
    if (request === null) {
      db.close();
      port.close();
      return;
    }
    const reply = answer(() => run(calls, request), request);
    // A count works step by step, and others are answered meanwhile.
    if ('value' in reply && reply.value instanceof Promise) {
      reply.value.then(
        (value: unknown) => send({ id: request.id, value }),
        (error: unknown) => send(refused(request, error)),
      );
    } else send(reply);
  });
} else {
  port.close();
}

function answer(work: () => unknown, request: Request): Reply {
  try {
    return { id: request.id, value: work() };
  } catch (error) {
    return refused(request, error);
  }
}
