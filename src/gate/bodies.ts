import type {
  DocumentAnswer,
  FileAnswer,
  NotModifiedAnswer,
  RedirectAnswer,
} from '../admission/admission.ts';
import { plainRefusal } from '../admission/refusal.ts';
import { type Exchange, type Headers, send, writeHead } from './exchange.ts';
import { etagsOf, headerSafe } from './headers.ts';
import { pour } from './pour.ts';
import { rangeOf } from './ranges.ts';
import { sendRefusal } from './refusals.ts';
import { parseTarget } from './target.ts';

/** Everything is asked for again each time: a decision may have changed since. */
const CACHE = 'private, no-cache';
const VARY = 'Accept, Accept-Encoding, Authorization';
const NOTHING = new Uint8Array(0);

/** An index or another whole document. */
export function sendDocument(exchange: Exchange, answer: DocumentAnswer): void {
  const headers: Headers = {
    'content-type': answer.contentType,
    'cache-control': answer.status >= 400 ? 'no-store' : CACHE,
    ...(answer.encoding ? { 'content-encoding': answer.encoding } : {}),
    ...(answer.etag ? { etag: answer.etag } : {}),
    ...(answer.vary ? { vary: VARY } : {}),
    ...(answer.entry ? { 'x-sallyport-entry': answer.entry } : {}),
  };
  exchange.code = answer.code ?? null;
  exchange.entry = answer.entry ?? null;
  if (exchange.entry !== null) exchange.tally.answered(exchange.code === null ? 'allow' : 'refuse');
  else if (answer.summed) exchange.tally.answered('summed');
  send(exchange, answer.status, null, headers, answer.body);
}

export function sendNotModified(exchange: Exchange, answer: NotModifiedAnswer): void {
  send(exchange, 304, null, { etag: answer.etag, 'cache-control': CACHE, vary: VARY }, NOTHING);
}

/** To another spelling of the same page, below `base` and nowhere else. Throws where it would leave it. */
export function sendRedirect(exchange: Exchange, answer: RedirectAnswer, base: string): void {
  if (!parseTarget(`/${answer.to}`)) throw new Error('a redirect that leaves its base');
  send(exchange, 301, null, { location: base + answer.to, 'cache-control': CACHE }, NOTHING);
}

/**
 * An admitted file, whole or one range of it. Calls `done` exactly once. Where no byte can be read it is a
 * 503; where reading fails later the connection is cut, and the declared length never completed.
 */
export async function sendFile(
  exchange: Exchange,
  answer: FileAnswer,
  range: string | null,
): Promise<unknown> {
  let served = false;
  let bytes = 0;
  try {
    const { response, method } = exchange;
    exchange.entry = answer.entry;
    exchange.tally.answered('allow');
    const headers: Headers = {
      'content-type': answer.contentType,
      'cache-control': CACHE,
      'accept-ranges': 'bytes',
      etag: answer.etag,
      vary: 'Authorization',
      'x-sallyport-entry': headerSafe(answer.entry, 128),
    };
    // The client is gone, or was told that it took too long.
    if (response.destroyed || response.headersSent) return undefined;
    // Decided and entered like any other answer; it comes before Range (RFC 9110, 13.2.2).
    if (
      etagsOf(exchange.request.headers['if-none-match'])?.some((tag) => tag === answer.etag || tag === '*')
    ) {
      const { 'content-type': _type, 'accept-ranges': _ranges, ...kept } = headers;
      send(exchange, 304, null, kept, NOTHING);
      served = true;
      return undefined;
    }
    if (method === 'HEAD') {
      writeHead(exchange, 200, null, { ...headers, 'content-length': answer.size });
      response.end();
      served = true;
      return undefined;
    }
    const part = rangeOf(range, exchange.request.headers['if-range']?.toString(), answer.etag, answer.size);
    if (part.kind === 'unsatisfiable') {
      send(exchange, 416, null, { ...headers, 'content-range': `bytes */${answer.size}` }, NOTHING);
      return undefined;
    }
    const { start, end } = part.kind === 'part' ? part : { start: 0, end: answer.size };
    const head = () => {
      const length = { ...headers, 'content-length': end - start };
      if (part.kind === 'whole') writeHead(exchange, 200, null, length);
      else
        writeHead(exchange, 206, null, {
          ...length,
          'content-range': `bytes ${start}-${end - 1}/${answer.size}`,
        });
    };
    const poured = await pour(response, answer.read(start, end), end - start, head, (sent) => {
      // The exchange is accounted for when the response closes, which is before this call returns.
      exchange.bytes = sent;
    });
    bytes = poured.bytes;
    served = poured.end === 'complete';
    if (poured.end === 'unreadable') sendRefusal(exchange, plainRefusal('STORAGE_UNAVAILABLE'));
    else if (poured.end === 'damaged') exchange.code = 'STORAGE_UNAVAILABLE';
    return poured.error;
  } finally {
    answer.done({ served, bytes });
    exchange.tally.ended(served, bytes);
  }
}
