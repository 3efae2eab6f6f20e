import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ensureDir, writeDurable } from '../disk/durable.ts';
import { isMissing } from '../disk/missing.ts';
import type { LedgerQueries } from '../ledger/ledger.ts';

/** The last entry that a target has taken. */
export interface Cursor {
  readonly seq: number;
  /** Its leaf hash: the ledger is the one that was sent. */
  readonly leaf: string;
}

/** Where a target's cursor stands; `lost` says why one that is there cannot be used. */
export interface Found {
  readonly cursor: Cursor | null;
  readonly lost: 'damaged' | 'not of this ledger' | null;
}

const MAX_CURSOR = 1024;

/** The durable place in the ledger up to which one target has taken everything: `<data>/ledger/shipping/<name>`. */
export class CursorFile {
  readonly #folder: string;
  readonly #path: string;

  constructor(data: string, name: string) {
    this.#folder = join(data, 'ledger', 'shipping');
    this.#path = join(this.#folder, name);
  }

  /**
   * Reads it, and looks whether the ledger has that very entry. Where it has not, or the file says nothing that can be
   * read, the only place from which no entry is skipped is the beginning. Rejects where the file cannot be read at all.
   */
  async read(ledger: Pick<LedgerQueries, 'query'>): Promise<Found> {
    await ensureDir(this.#folder);
    let text: string;
    try {
      text = await readFile(this.#path, 'utf8');
    } catch (error) {
      if (isMissing(error)) return { cursor: null, lost: null };
      throw error;
    }
    const [, digits, leaf = ''] =
      text.length <= MAX_CURSOR ? (/^(\d{1,15}) ([0-9a-f]{64})\n$/.exec(text) ?? []) : [];
    if (digits === undefined) return { cursor: null, lost: 'damaged' };
    const cursor = { seq: Number(digits), leaf };
    for await (const entry of ledger.query({ after: cursor.seq - 1, limit: 1 }))
      if (entry.seq === cursor.seq && entry.leaf === leaf) return { cursor, lost: null };
    return { cursor: null, lost: 'not of this ledger' };
  }

  /** Durable when it resolves. */
  async write({ seq, leaf }: Cursor): Promise<void> {
    await writeDurable(this.#path, Buffer.from(`${seq} ${leaf}\n`));
  }
}
