import { type MessagePort, parentPort } from 'node:worker_threads';
import { LedgerError } from '../ledger.ts';
import type { Calls, Fault, Greeting, Reply, Request } from './protocol.ts';

/** The port to whoever started this thread. */
export function portOfThread(): MessagePort {
  if (!parentPort) throw new Error('this module is the body of a worker thread');
  return parentPort;
}

/** Opens what the thread works on and says whether it could; null: it could not, and the thread is to end. */
export function greet<T>(port: MessagePort, open: () => T): T | null {
  try {
    const opened = open();
    port.postMessage({ ready: true } satisfies Greeting);
    return opened;
  } catch (error) {
    port.postMessage({ ready: false, fault: faultOf(error) } satisfies Greeting);
    return null;
  }
}

/** Runs one request. What it throws is for the caller to turn into an answer. */
export function run<C extends Calls>(calls: C, request: Request): unknown {
  const call = Object.hasOwn(calls, request.call) ? calls[request.call] : undefined;
  if (!call) throw new Error(`the thread knows no call ${request.call}`);
  return call(...(request.args as never[]));
}

/** How an error is told to the other side: a LedgerError as it is, anything else as `unavailable`. */
export function faultOf(error: unknown): Fault {
  if (error instanceof LedgerError) return { code: error.code, message: error.message };
  const code = error instanceof Error && 'code' in error ? ` (${String(error.code)})` : '';
  return { code: 'unavailable', message: `the ledger failed: ${String(error)}${code}` };
}

export function refused(request: Request, error: unknown): Reply {
  return { id: request.id, fault: faultOf(error) };
}
