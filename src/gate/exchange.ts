import type { IncomingMessage, ServerResponse } from 'node:http';
import type { ReasonCode } from '../model/reason-codes.ts';
import type { Tally } from './tally.ts';
import type { TargetPrint } from './target.ts';

/** One request and its answer, with what the access log and the metrics will say of it. */
export interface Exchange {
  readonly id: string;
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  /** performance.now() at its start. */
  readonly started: number;
  readonly method: string;
  /** The path, where it passed the grammar; its print where not; null until read. */
  path: string | TargetPrint | null;
  /** As Hosts gives it; null until known. */
  origin: string | null;
  /** Which row of the route table: a Route's kind, or one of ours. */
  kind: string;
  agent: string | null;
  client: string;
  ecosystem: string | null;
  code: ReasonCode | null;
  entry: string | null;
  readonly tally: Tally;
  /** Bytes of body handed to the connection. */
  bytes: number;
}

export type Headers = Record<string, string | number | readonly string[]>;

/**
 * Writes a whole answer. HEAD gets the same headers and no body; 304 has neither body nor length. Does
 * nothing where the client is gone.
 */
export function send(
  exchange: Exchange,
  status: number,
  phrase: string | null,
  headers: Headers,
  body: Uint8Array,
): void {
  if (exchange.response.destroyed || exchange.response.headersSent) return;
  const bodiless = exchange.method === 'HEAD' || status === 304;
  writeHead(
    exchange,
    status,
    phrase,
    status === 304 ? headers : { ...headers, 'content-length': body.length },
  );
  if (!bodiless) exchange.bytes = body.length;
  exchange.response.end(bodiless ? undefined : body);
}

/** A page for a browser, of which there are simple indexes only, runs nothing, loads nothing and is in no frame. */
const PAGE_POLICY = "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/** Status line and headers of every answer but those to unreadable requests. */
export function writeHead(exchange: Exchange, status: number, phrase: string | null, headers: Headers): void {
  const all: Record<string, string | number | string[]> = { 'x-content-type-options': 'nosniff' };
  for (const [name, value] of Object.entries(headers))
    all[name] = typeof value === 'object' ? [...value] : value;
  if (String(all['content-type']).startsWith('text/html')) all['content-security-policy'] = PAGE_POLICY;
  // A body that nobody read would be taken for the next request, or be read for nothing.
  if (!exchange.request.complete && hasBody(exchange.request)) all['connection'] = 'close';
  if (phrase) exchange.response.writeHead(status, phrase, all);
  else exchange.response.writeHead(status, all);
}

function hasBody(request: IncomingMessage): boolean {
  return (
    request.headers['transfer-encoding'] !== undefined || Number(request.headers['content-length'] ?? 0) !== 0
  );
}
