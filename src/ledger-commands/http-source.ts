import { setTimeout as sleep } from 'node:timers/promises';
import { Agent, type Dispatcher } from 'undici';
import { z } from 'zod';
import type { AuditSource } from '../ledger/audit/audit-source.ts';
import { maxBytes } from '../ledger/audit/folder.ts';
import type { LogFiles } from '../ledger/audit/log-keys.ts';

/** A firewall could not be asked, or did not answer as one: nothing is known of its log. */
export class NoAnswer extends Error {
  override readonly name = 'NoAnswer';
}

/** Time to the head of an answer and between two pieces of its body, and for all of it, ms. */
const WITHIN = 30_000;
const WHOLE = 120_000;

/** How often, and after how long, ms, a request is made again that failed on the way or was told to wait. */
const TRIES = 5;
const AGAIN = 500;
const LONGEST_WAIT = 30_000;

const MAX_LIST = 4 * 1024 ** 2;

const listed = z.object({
  logs: z
    .array(z.object({ log: z.int().min(1), base: z.int().min(0) }))
    .min(1)
    .max(10_000),
});

/** The logs of a running firewall, by its auditors' door. */
export interface HttpLogs {
  /** Every log, the oldest first. Rejects with NoAnswer. */
  logs(): Promise<readonly LogFiles[]>;
  close(): Promise<void>;
}

/**
 * Asks one firewall and nobody else: redirects are refused, and the token goes to the address that was given and no other.
 * What it serves is bounded by what a file of a log can be, and believed only as far as it verifies. Throws NoAnswer where
 * the address is none.
 */
export function httpLogs(address: string, token: string | undefined): HttpLogs {
  const base = URL.parse(address.endsWith('/') ? address : `${address}/`);
  if (base === null || !/^https?:$/.test(base.protocol))
    throw new NoAnswer(`${address} is no address of a firewall`);
  // It would be printed with the address, and sent in another way than a token is.
  if (`${base.username}${base.password}${base.search}${base.hash}` !== '')
    throw new NoAnswer(
      'the address of the firewall has a user, a password, a query or a fragment; a token goes into SALLYPORT_TOKEN',
    );
  const agent = new Agent({
    connections: 8,
    headersTimeout: WITHIN,
    bodyTimeout: WITHIN,
    connect: { timeout: WITHIN },
  });
  const headers = { accept: '*/*', ...(token && { authorization: `Bearer ${token}` }) };

  async function get(path: string, max: number): Promise<Uint8Array | null> {
    const url = new URL(path, base ?? undefined);
    for (let attempt = 1; ; attempt++) {
      let wait = AGAIN * attempt;
      try {
        const signal = AbortSignal.timeout(WHOLE);
        const answer = await agent.request({
          origin: url.origin,
          path: url.pathname,
          method: 'GET',
          headers,
          signal,
        });
        const { statusCode: status } = answer;
        if (status === 200) return await bodyUpTo(answer.body, max, path);
        await answer.body.dump({ limit: 65_536 }).catch(() => undefined);
        if (status === 404 || status === 410) return null;
        if (status < 500 && status !== 429) throw refused(url, status);
        const after = Number(answer.headers['retry-after']);
        if (after > 0) wait = Math.min(after * 1000, LONGEST_WAIT);
        if (attempt === TRIES) throw refused(url, status);
      } catch (error) {
        if (error instanceof NoAnswer) throw error;
        if (attempt === TRIES)
          throw new NoAnswer(`${url} does not answer: ${String(error)}`, { cause: error });
      }
      await sleep(wait);
    }
  }

  const sourceOf = (number: number): AuditSource => ({
    read: (path) => get(`ledger/logs/${number}/${path}`, maxBytes(path)),
  });

  return {
    logs: async () => {
      const bytes = await get('api/v1/ledger/logs', MAX_LIST);
      const parsed = listed.safeParse(bytes && jsonOf(Buffer.from(bytes).toString('utf8')));
      if (!parsed.success)
        throw new NoAnswer(`${base.href} does not say which logs it has: is it a sallyport with a ledger?`);
      return parsed.data.logs
        .map(({ log, base: first }) => ({ number: log, source: sourceOf(log), base: first }))
        .toSorted((a, b) => a.number - b.number);
    },
    close: () => agent.close(),
  };
}

/** A body of at most so many bytes and one more, which shows that it is too large. */
async function bodyUpTo(
  body: Dispatcher.ResponseData['body'],
  max: number,
  path: string,
): Promise<Uint8Array> {
  const pieces: Uint8Array[] = [];
  let bytes = 0;
  for await (const piece of body as AsyncIterable<Uint8Array>) {
    bytes += piece.length;
    if (bytes > max) throw new NoAnswer(`${path} is larger than such a file can be`);
    pieces.push(piece);
  }
  return Buffer.concat(pieces);
}

function refused(url: URL, status: number): NoAnswer {
  const why =
    status === 401 || status === 403
      ? 'it asks for the token of an auditor (sallyport token --auditor), in SALLYPORT_TOKEN'
      : status >= 300 && status < 400
        ? 'it leads elsewhere, and the log is read from the address that was given only'
        : 'nothing can be read there now';
  return new NoAnswer(`${url} answers ${status}: ${why}`);
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
