import type { Agent, Dispatcher } from 'undici';
import type { Pieces } from './body.ts';
import type { Limits } from './limits.ts';
import { UpstreamFault } from './upstream.ts';

/** One request, made of our own words only. */
export interface Ask {
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  /** POSTed if given. */
  readonly body?: Uint8Array;
}

/** The head of an answer; header names are in lower case, repeated headers are left out. */
export interface Answer {
  readonly status: number;
  header(name: string): string | null;
  /** Content-Length, null where none was sent. */
  readonly declared: number | null;
  readonly pieces: Pieces;
}

/** What is kept of an error page or a redirect's body, so that the connection can be used again. */
const SCRAP = 64 << 10;

/** One HTTP exchange on one connection, no redirect, no retry. `read` has the body until it settles. */
export async function exchange<T>(
  agent: Agent,
  ask: Ask,
  limits: Pick<Limits, 'headersTime' | 'idleTime'>,
  signal: AbortSignal,
  read: (answer: Answer) => Promise<T>,
): Promise<T> {
  const response = await agent.request({
    origin: ask.url.origin,
    path: ask.url.pathname + ask.url.search,
    method: ask.body ? 'POST' : 'GET',
    headers: ask.headers,
    body: ask.body ?? null,
    signal,
    headersTimeout: limits.headersTime,
    bodyTimeout: limits.idleTime,
  });
  // every failure of the body is seen where it is read; a body that nobody reads may fail in silence
  response.body.on('error', () => {});
  try {
    return await read(answerOf(response));
  } finally {
    if (!response.body.readableEnded) {
      if (response.body.readableDidRead) response.body.destroy();
      else void response.body.dump({ limit: SCRAP }).catch(() => {});
    }
  }
}

function answerOf(response: Dispatcher.ResponseData): Answer {
  const header = (name: string): string | null => {
    const value = Object.hasOwn(response.headers, name) ? response.headers[name] : undefined;
    return typeof value === 'string' ? value : null;
  };
  const length = header('content-length');
  if (length !== null && !/^\d{1,15}$/.test(length)) {
    throw new UpstreamFault('UPSTREAM_FAULT', 'the declared length is not a number', response.statusCode);
  }
  return {
    status: response.statusCode,
    header,
    declared: length === null ? null : Number(length),
    pieces: response.body as AsyncIterable<Uint8Array>,
  };
}
