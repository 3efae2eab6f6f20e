import { STATUS_CODES } from 'node:http';
import type { Refusal } from '../admission/admission.ts';
import { plainRefusal } from '../admission/refusal.ts';
import { type ReasonCode, statusOf, wordsOf } from '../model/reason-codes.ts';
import { type Exchange, type Headers, send } from './exchange.ts';
import { headerSafe } from './headers.ts';

/** Seconds to wait after a fault where nobody knows better. */
const RETRY_AFTER = 5;

/** Challenges of a 401 (RFC 7617, RFC 6750): one header each, because some clients read only the first. */
const CHALLENGES = ['Basic realm="sallyport", charset="UTF-8"', 'Bearer realm="sallyport"'];

/**
 * The one place where a refusal becomes HTTP. The line goes out as reason phrase (pip, uv, poetry, yarn 4),
 * as `npm-notice` and as JSON `error` (npm, yarn 1), and the body is problem+json (RFC 9457), of which uv
 * prints title and detail. Only faults have Retry-After: no client may wait and retry on a decision.
 */
export function sendRefusal(exchange: Exchange, refusal: Refusal, more: Headers = {}): void {
  const status = statusOf(refusal.code);
  const line = oneLine(refusal.line);
  const notice = headerSafe(line);
  const headers: Headers = {
    'content-type': 'application/problem+json',
    'cache-control': 'no-store',
    'npm-notice': notice,
    ...(status === 401 ? { 'www-authenticate': CHALLENGES } : {}),
    ...(status >= 500 ? { 'retry-after': retryAfter(refusal) } : {}),
    ...(refusal.entry ? { 'x-sallyport-entry': headerSafe(refusal.entry, 128) } : {}),
    ...more,
  };
  exchange.code = refusal.code;
  exchange.entry = refusal.entry;
  if (refusal.entry !== null) exchange.tally.answered('refuse');
  else if (refusal.summed) exchange.tally.answered('summed');
  send(
    exchange,
    status,
    notice,
    headers,
    Buffer.from(JSON.stringify(problem(refusal, status, line, exchange.origin))),
  );
}

/** A problem+json body, for a request that could not be read as one: a whole HTTP answer as text. */
export function plainAnswer(status: number): string {
  const words = status === 431 ? 'the headers are too large' : wordsOf('BAD_REQUEST');
  const line = `sallyport: ${words} (BAD_REQUEST)`;
  const body = JSON.stringify(problem(plainRefusal('BAD_REQUEST', line), status, line, null));
  const head = [
    `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? 'Bad Request'}`,
    'Content-Type: application/problem+json',
    `Content-Length: ${Buffer.byteLength(body)}`,
    'Cache-Control: no-store',
    'Connection: close',
  ];
  return `${head.join('\r\n')}\r\n\r\n${body}`;
}

function problem(refusal: Refusal, status: number, line: string, origin: string | null): object {
  return {
    type: `urn:sallyport:${refusal.code}`,
    title: titleOf(status, refusal.code),
    status,
    detail: line,
    error: line,
    code: refusal.code,
    reasons: refusal.reasons,
    ...(refusal.evidence.length > 0 ? { evidence: refusal.evidence } : {}),
    package: refusal.package,
    nearestAllowed: refusal.nearestAllowed,
    eligibleAt: isoOf(refusal.eligibleAt),
    entry: refusal.entry,
    why:
      origin !== null && refusal.entry !== null
        ? `${origin}/-/why/${encodeURIComponent(refusal.entry)}`
        : null,
  };
}

function titleOf(status: number, code: ReasonCode): string {
  if (code === 'AGENT_ONLY' || code === 'AUDITOR_ONLY') return 'Not with this token';
  if (status === 401) return 'A token is needed';
  if (status === 403) return 'Refused by the install policy';
  return status >= 500 ? 'Nothing was served' : 'Not a request that this registry answers';
}

function retryAfter(refusal: Refusal): number {
  const seconds = refusal.retryAfter;
  return seconds !== undefined && seconds >= 1 && seconds <= 3600 ? Math.ceil(seconds) : RETRY_AFTER;
}

/** Terminals print the line: no control, format or line-breaking character gets there. */
function oneLine(line: string): string {
  return line.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, '?');
}

function isoOf(instant: number | null): string | null {
  return instant !== null && Math.abs(instant) <= 8.64e15 ? new Date(instant).toISOString() : null;
}
