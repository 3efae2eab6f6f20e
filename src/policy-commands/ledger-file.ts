import { open } from 'node:fs/promises';
import { leafHash, MAX_ENTRY_BYTES } from '../ledger/canonical.ts';
import type { LedgerReader } from '../ledger/ledger.ts';

/** An entry with its number and leaf hash around it. */
const MAX_LINE_BYTES = MAX_ENTRY_BYTES + 128;
/** A hundred million short entries; more is no ledger that somebody exported for a review. */
const MAX_FILE_BYTES = 8 * 1024 ** 3;

/** As `sallyport ledger list --json` writes it: the entry's own bytes, which the leaf hash is of. */
const LINE = /^\{"seq":(0|[1-9]\d{0,14}),"leaf":"([0-9a-f]{64})","entry":(\{.*\})\}$/;

/**
 * The ledger as `sallyport ledger list --json` printed it, where the ledger itself is elsewhere. What is no such line, is
 * longer than one can be, does not hash to its leaf, or does not come after the one before it, is counted and passed over.
 */
export class LedgerFile implements Pick<LedgerReader, 'query'> {
  readonly #path: string;
  #unreadable = 0;

  constructor(path: string) {
    this.#path = path;
  }

  /** Lines that were passed over, after `query` came to its end. */
  get unreadable(): number {
    return this.#unreadable;
  }

  /** Knows `type` and `since`, and no other filter. Throws where the file cannot be read. */
  async *query({ type, since = 0 }: { readonly type?: string; readonly since?: number }) {
    this.#unreadable = 0;
    let last = -1;
    for await (const line of linesOf(this.#path)) {
      const [, number = '', leaf = '', bytes = ''] = (line !== null && LINE.exec(line)) || [];
      const seq = Number(number);
      const entry = bytes === '' || leafHash(bytes) !== leaf ? null : recordOf(bytes);
      const time = entry?.['time'];
      if (entry === null || typeof time !== 'number' || seq <= last) {
        this.#unreadable += 1;
        continue;
      }
      last = seq;
      if ((type === undefined || entry['type'] === type) && time >= since) yield { seq, leaf, bytes };
    }
  }
}

function recordOf(bytes: string): Readonly<Record<string, unknown>> | null {
  try {
    const entry: unknown = JSON.parse(bytes);
    return typeof entry === 'object' && entry !== null ? { ...entry } : null;
  } catch {
    return null;
  }
}

/** Each line; null for one that is too long or no UTF-8. Never holds more than a chunk and a line. */
async function* linesOf(path: string): AsyncGenerator<string | null> {
  const file = await open(path);
  try {
    const { size } = await file.stat();
    if (size > MAX_FILE_BYTES) throw new Error(`is larger than ${MAX_FILE_BYTES} bytes`);
    const utf8 = new TextDecoder('utf-8', { fatal: true });
    let rest: Buffer[] = [];
    let length = 0;
    const lineOf = (): string | null => {
      const bytes = Buffer.concat(rest);
      const isTooLong = length > MAX_LINE_BYTES;
      rest = [];
      length = 0;
      if (isTooLong) return null;
      try {
        return utf8.decode(bytes);
      } catch {
        return null;
      }
    };
    for await (const chunk of file.createReadStream({ autoClose: false, end: MAX_FILE_BYTES })) {
      if (!Buffer.isBuffer(chunk)) continue;
      let from = 0;
      for (let at = chunk.indexOf(10); at >= 0; at = chunk.indexOf(10, from)) {
        if (length <= MAX_LINE_BYTES) rest.push(chunk.subarray(from, at));
        length += at - from;
        yield lineOf();
        from = at + 1;
      }
      if (length <= MAX_LINE_BYTES) rest.push(chunk.subarray(from));
      length += chunk.length - from;
    }
    if (length > 0) yield lineOf();
  } finally {
    await file.close();
  }
}
