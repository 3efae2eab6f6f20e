import { Agent, type Dispatcher, request } from 'undici';
import type { Hash } from '../ledger/log/hash.ts';
import { LogError } from '../ledger/log/log-error.ts';
import { parseNote, type VerifierKey } from '../ledger/log/note.ts';
import { addCheckpointBody, conflictSize, readCosignatures } from '../ledger/log/witness-request.ts';

/** A witness that checkpoints are offered to. */
export interface Witness {
  /** The policy's own word for it. */
  readonly name: string;
  readonly key: VerifierKey;
  /** Its submission prefix. */
  readonly url: string;
}

/** What a witness made of a checkpoint. */
export type Offered =
  /** `lines`: its signature lines, verified under its key. */
  | { readonly kind: 'cosigned'; readonly lines: readonly string[] }
  /** It cosigned another size last. */
  | { readonly kind: 'conflict'; readonly size: number }
  /** The proof or the root is not that of what it has seen (422). */
  | { readonly kind: 'inconsistent' }
  /** It knows the log or its key not (404, 403), or its answer is none that the protocol has. */
  | { readonly kind: 'refused'; readonly why: string }
  /** Nobody knows what it made of it. */
  | { readonly kind: 'unreachable'; readonly why: string };

/** An answer's bytes at most: a hundred post-quantum signatures are a fifth of it. */
const MAX_ANSWER = 1024 * 1024;

/**
 * Entries of a log at most that a witness is believed to have seen: nothing signs its answer, and behind what it has seen the
 * next log's numbers begin, of which there are 2^53.
 */
const MAX_SEEN = 2 ** 40;

/** Until a witness has answered, ms. */
const WAIT = 10_000;

/** Talks to witnesses (C2SP tlog-witness). Redirects are refused; nothing but the log's own public words is sent. */
export class WitnessClient {
  readonly #dispatcher: Dispatcher;
  readonly #wait: number;

  constructor(wait: number = WAIT) {
    this.#wait = wait;
    this.#dispatcher = new Agent({ connect: { timeout: wait }, headersTimeout: wait, bodyTimeout: wait });
  }

  /** Offers a checkpoint's note. `oldSize`: what the witness cosigned last; `proof`: from there to the checkpoint. */
  async offer(
    witness: Witness,
    oldSize: number,
    proof: readonly Hash[],
    checkpoint: string,
    signal?: AbortSignal,
  ): Promise<Offered> {
    const body = addCheckpointBody(oldSize, proof, checkpoint);
    let answer: Answer;
    try {
      answer = await this.#post(`${witness.url.replace(/\/$/, '')}/add-checkpoint`, body, signal);
    } catch (error) {
      return { kind: 'unreachable', why: causeOf(error) };
    }
    try {
      return read(answer, witness, parseNote(checkpoint).text);
    } catch (error) {
      if (error instanceof LogError) return { kind: 'refused', why: error.message };
      throw error;
    }
  }

  close(): Promise<void> {
    return this.#dispatcher.destroy();
  }

  async #post(url: string, body: string, signal: AbortSignal | undefined): Promise<Answer> {
    const whole = AbortSignal.timeout(this.#wait);
    const answer = await request(url, {
      method: 'POST',
      body,
      headers: { 'content-type': 'text/plain; charset=utf-8', 'accept-encoding': 'identity' },
      dispatcher: this.#dispatcher,
      signal: signal ? AbortSignal.any([signal, whole]) : whole,
    });
    try {
      const pieces: Uint8Array[] = [];
      let length = 0;
      for await (const piece of answer.body) {
        if (!(piece instanceof Uint8Array)) continue;
        length += piece.byteLength;
        if (length > MAX_ANSWER) throw new Error('its answer is too large');
        pieces.push(piece);
      }
      const { 'content-type': type } = answer.headers;
      return {
        status: answer.statusCode,
        type: typeof type === 'string' ? type : '',
        text: Buffer.concat(pieces).toString('utf8'),
      };
    } finally {
      answer.body.on('error', () => undefined).destroy();
    }
  }
}

interface Answer {
  readonly status: number;
  readonly type: string;
  readonly text: string;
}

/** Throws LogError for what the protocol has not. */
function read({ status, type, text }: Answer, { key }: Witness, note: string): Offered {
  switch (status) {
    case 200:
      return { kind: 'cosigned', lines: readCosignatures(text, note, [key]).map(({ line }) => line) };
    case 409:
      // A proxy before it may say 409, too: only this type is the witness's own word.
      if (!/^text\/x\.tlog\.size(?:;|$)/.test(type))
        return { kind: 'refused', why: 'it answered 409 without a size' };
      return seen(conflictSize(text));
    case 422:
      return { kind: 'inconsistent' };
    case 404:
      return { kind: 'refused', why: 'it does not know this log (404): its key must be made known to it' };
    case 403:
      return { kind: 'refused', why: "it does not know this log's key (403)" };
    default:
      // Of a witness that is overloaded or restarted nothing is known.
      return status >= 500 || status === 429
        ? { kind: 'unreachable', why: `it answered ${status}` }
        : { kind: 'refused', why: `it answered ${status}` };
  }
}

function seen(size: number): Offered {
  if (size <= MAX_SEEN) return { kind: 'conflict', size };
  return { kind: 'refused', why: `it says that it has seen ${size} entries, which no log has` };
}

/** A failed connection says why in its cause. */
function causeOf(error: unknown): string {
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  return cause instanceof Error ? cause.message || cause.name : String(cause);
}
