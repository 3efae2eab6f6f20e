import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import { plainRefusal } from '../admission/refusal.ts';
import { statusOf } from '../model/reason-codes.ts';
import type { AuditAnswer, AuditDoor } from './audit-door.ts';
import { acceptedEncodings } from './encodings.ts';
import { type Exchange, type Headers, send, writeHead } from './exchange.ts';
import type { GateLimits } from './limits.ts';
import { pourStream } from './pour-stream.ts';
import { sendRefusal } from './refusals.ts';
import type { Row } from './table.ts';

const packed = promisify(gzip);

/** Smaller bodies gain nothing by being packed. */
const WORTH_PACKING = 1024;

/** What the audit door answers, as it is. It makes no entry: only the access log says that somebody looked. */
export async function sendAudit(
  exchange: Exchange,
  limits: GateLimits,
  door: AuditDoor,
  { part, path }: Extract<Row, { kind: 'ledger' }>,
  query: string,
  auditor: string | null,
): Promise<void> {
  const { request, method } = exchange;
  if (method !== 'GET' && method !== 'HEAD')
    return sendRefusal(exchange, plainRefusal('METHOD_NOT_ALLOWED'), { allow: 'GET, HEAD' });
  // A client that takes nothing must not hold a place for ever.
  request.socket.setTimeout(limits.stallTimeout);
  const answer = await door.answer({
    method,
    part,
    path,
    query,
    accept: request.headers.accept ?? '',
    auditor,
    framed: request.httpVersion === '1.1',
  });
  switch (answer.kind) {
    case 'document':
      return sendWhole(exchange, answer);
    case 'stream':
      return sendStream(exchange, answer);
    case 'refusal':
      return refuseAudit(exchange, answer);
  }
}

async function sendWhole(
  exchange: Exchange,
  answer: Extract<AuditAnswer, { kind: 'document' }>,
): Promise<void> {
  const { body } = answer;
  const headers = headersOf(answer);
  const codings = acceptedEncodings(exchange.request.headers['accept-encoding']?.toString());
  if (body.length < WORTH_PACKING || !codings.includes('gzip'))
    return send(exchange, 200, null, headers, body);
  send(exchange, 200, null, { ...headers, 'content-encoding': 'gzip' }, await packed(body));
}

async function sendStream(
  exchange: Exchange,
  answer: Extract<AuditAnswer, { kind: 'stream' }>,
): Promise<void> {
  const head = () => writeHead(exchange, 200, null, headersOf(answer));
  if (exchange.method === 'HEAD') {
    head();
    exchange.response.end();
    return;
  }
  const { error } = await pourStream(exchange.response, answer.pieces, head, (bytes) => {
    exchange.bytes = bytes;
  });
  if (error !== undefined) throw error;
}

function refuseAudit(exchange: Exchange, answer: Extract<AuditAnswer, { kind: 'refusal' }>): void {
  const { code, line, retryAfter } = answer;
  const refusal = { ...plainRefusal(code, line), ...(retryAfter !== undefined && { retryAfter }) };
  // Of a fault the refusal says it by itself.
  const wait = retryAfter !== undefined && statusOf(code) < 500 ? { 'retry-after': retryAfter } : {};
  sendRefusal(exchange, refusal, wait);
}

function headersOf({
  contentType,
  cacheControl,
  headers,
}: Extract<AuditAnswer, { kind: 'document' | 'stream' }>): Headers {
  return {
    'content-type': contentType,
    'cache-control': cacheControl,
    vary: 'Accept, Accept-Encoding, Authorization',
    ...headers,
  };
}
