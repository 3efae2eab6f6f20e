import { LedgerError } from '../ledger/ledger.ts';
import { LogError } from '../ledger/log/log-error.ts';
import type { ReasonCode } from '../model/reason-codes.ts';
import { entries } from './entries.ts';
import { logFile } from './log-files.ts';
import { logs } from './logs.ts';
import { oneEntry, proof } from './one-entry.ts';
import { openApi } from './open-api.ts';
import { NONE, readQuery } from './parameters.ts';
import { type Asked, type AuditPorts, type Document, document, type Stream } from './ports.ts';
import { Problem } from './problem.ts';
import { stats } from './stats.ts';
import { type Turn, type TurnLimits, Turns } from './turns.ts';

/** A question that got no answer. */
export interface Refused {
  readonly kind: 'refusal';
  readonly code: ReasonCode;
  readonly line: string;
  readonly retryAfter?: number;
}

/** Auditors whose token is one name share their turns; what is open to all is one more. */
const ANYBODY = '';

/**
 * The auditors' door: files of the log, and the query API. It reads, and writes nothing. Throws what is neither a wrong
 * question nor the ledger's fault.
 */
export function auditDoor(
  ports: AuditPorts,
  limits?: TurnLimits,
): { answer(asked: Asked): Promise<Document | Stream | Refused> } {
  const turns = new Turns(() => ports.now(), limits);
  return {
    async answer(asked) {
      try {
        if (asked.part === 'files') return await logFile(ports, asked);
        return await turns.take(asked.auditor ?? ANYBODY, (turn) => route(ports, asked, turn));
      } catch (error) {
        return refused(problemOf(error));
      }
    },
  };
}

async function route(ports: AuditPorts, asked: Asked, turn: Turn): Promise<Document | Stream> {
  const [head = '', name, last, ...rest] = asked.path.split('/');
  if (rest.length === 0 && head === 'entries') {
    if (name === undefined) return entries(ports, asked, turn);
    if (last === undefined) return oneEntry(ports, name, asked.query);
    if (last === 'proof') return proof(ports, name, asked.query);
  }
  if (name === undefined) {
    if (head === 'stats') return stats(ports, asked.query);
    if (head === 'logs') return logs(ports, asked.query);
    if (head === 'openapi.json') {
      readQuery(NONE, asked.query);
      return document('application/json', `${JSON.stringify(openApi(ports.version))}\n`, 'no-cache');
    }
  }
  throw new Problem('NOT_FOUND');
}

/** Whatever is known to go wrong, as what the auditor is told. */
function problemOf(error: unknown): Problem {
  if (error instanceof Problem) return error;
  if (error instanceof LogError)
    return new Problem('STORAGE_UNAVAILABLE', "the log's files are not whole; run sallyport ledger verify");
  // What passed our grammar and not the ledger's own is a wrong question all the same.
  if (error instanceof LedgerError && error.code === 'malformed')
    return new Problem('BAD_REQUEST', 'the ledger does not read this question');
  if (error instanceof LedgerError)
    return new Problem('LEDGER_UNAVAILABLE', 'the ledger cannot be read now', 5);
  throw error;
}

function refused({ code, message, retryAfter }: Problem): Refused {
  return { kind: 'refusal', code, line: message, ...(retryAfter !== undefined && { retryAfter }) };
}
