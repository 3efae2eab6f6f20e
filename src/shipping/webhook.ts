import { Agent, type Dispatcher, request } from 'undici';
import { codeOf, type Message, SendError, type Sender } from './sender.ts';
import type { WebhookAddress } from './target.ts';

export interface WebhookOptions {
  /** Of sallyport. */
  readonly version: string;
  /** Milliseconds since 1970: for dates in `Retry-After`. */
  now(): number;
  /** Certificates to trust beside those of Node and NODE_EXTRA_CA_CERTS. */
  readonly ca?: string;
  /** How long a request may take, ms. */
  readonly timeout?: number;
}

const TIMEOUT = 60_000;
/** Bytes of an answer that are read before the connection is given up; nothing in them is looked at. */
const MAX_ANSWER = 64 * 1024;
/** What `Retry-After` may ask for at most, ms. */
const MAX_RETRY_AFTER = 3_600_000;

/**
 * POSTs lines of JSON, one entry each. What is taken is answered with 2xx; everything else, a redirect too, is no
 * acknowledgement: a token goes to the address that was configured and to no other.
 */
export function webhook({ url, token }: WebhookAddress, options: WebhookOptions): Sender {
  const { version, now, ca, timeout = TIMEOUT } = options;
  const dispatcher = new Agent({
    connections: 1,
    // Not left to the environment: NODE_TLS_REJECT_UNAUTHORIZED=0 would send the token to anybody.
    connect: {
      timeout: Math.min(timeout, 10_000),
      rejectUnauthorized: true,
      ...(ca !== undefined && { ca }),
    },
    headersTimeout: timeout,
    bodyTimeout: timeout,
    maxResponseSize: MAX_ANSWER,
  });
  const headers = {
    'content-type': 'application/x-ndjson',
    'user-agent': `sallyport/${version}`,
    ...(token !== null && { authorization: `Bearer ${token}` }),
  };
  return {
    async send(messages, signal) {
      const body = bodyOf(messages);
      const until = AbortSignal.any([signal, AbortSignal.timeout(timeout)]);
      let answer: Dispatcher.ResponseData;
      try {
        answer = await request(url, { method: 'POST', headers, body, dispatcher, signal: until });
      } catch (cause) {
        throw new SendError(`the webhook cannot be reached (${codeOf(cause)})`, { cause });
      }
      // The status says it all; a body that never ends, or breaks off, changes nothing.
      await answer.body.dump({ limit: MAX_ANSWER, signal: until }).catch(() => undefined);
      const { statusCode: status } = answer;
      if (status >= 200 && status < 300) return;
      const retryAfter = retryAfterOf(answer.headers['retry-after'], now());
      throw new SendError(`the webhook answers ${status}`, { retryAfter, tooMany: status === 413 });
    },
    close: () => dispatcher.destroy(),
  };
}

function bodyOf(messages: readonly Message[]): Buffer {
  return Buffer.from(messages.map(({ line }) => `${line}\n`).join(''));
}

/** RFC 9110 section 10.2.3: seconds, or a date. */
function retryAfterOf(value: string | string[] | undefined, now: number): number | null {
  const text = [value].flat()[0]?.trim() ?? '';
  const ms = /^\d{1,9}$/.test(text) ? Number(text) * 1_000 : Date.parse(text) - now;
  return Number.isNaN(ms) ? null : Math.min(Math.max(ms, 0), MAX_RETRY_AFTER);
}
