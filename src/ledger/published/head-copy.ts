import { dirname } from 'node:path';
import { readUpTo } from '../../disk/bounded.ts';
import { ensureDir, writeDurable } from '../../disk/durable.ts';
import { type SignedHead, signedHead, unavailable } from './known-head.ts';
import type { LogRow } from './published.ts';

/** Bytes of a copy that is read. */
const MAX_COPY = 1024 * 1024;

/**
 * The head of the log on another volume: the newest checkpoint as it is, and beside it (`.logs`) which logs there are,
 * so that a copy is understood by a ledger that was restored from before a log of it began.
 */
export class HeadCopy {
  readonly #path: string;
  #written: string | null = null;

  constructor(path: string) {
    this.#path = path;
  }

  /**
   * The head that the copy has; null where there is none yet. Rejects with LedgerError `unavailable` where it is of another
   * ledger or damaged, and with the file system's error.
   */
  async read(logs: readonly LogRow[]): Promise<SignedHead | null> {
    const note = await textOf(this.#path);
    if (note === null) return null;
    const head = signedHead(note, logs) ?? signedHead(note, await this.#logs());
    if (head) return head;
    throw unavailable(
      `the copy of the log's head in ${this.#path} is not of this ledger, or damaged: give this one a file of its own ` +
        '(SALLYPORT_HEAD_COPY), or move that one away',
    );
  }

  /**
   * Replaces the copy. Resolves with what it had instead, where that is a head that `holds` does not know: then nothing is
   * written.
   */
  async write(
    checkpoint: string,
    logs: readonly LogRow[],
    holds: (head: SignedHead) => Promise<boolean>,
  ): Promise<SignedHead | null> {
    await ensureDir(dirname(this.#path));
    // Whoever writes there beside us writes for the same name.
    if ((await textOf(this.#path)) !== this.#written || this.#written === null) {
      const head = await this.read(logs);
      if (head && !(await holds(head))) return head;
    }
    const rows = JSON.stringify(
      logs.map(({ number, origin, vkey, base, opened }) => ({ number, origin, vkey, base, opened })),
    );
    if ((await textOf(`${this.#path}.logs`)) !== rows)
      await writeDurable(`${this.#path}.logs`, Buffer.from(rows));
    await writeDurable(this.#path, Buffer.from(checkpoint));
    this.#written = checkpoint;
    return null;
  }

  async #logs(): Promise<LogRow[]> {
    const text = await textOf(`${this.#path}.logs`);
    if (text === null) return [];
    let rows: unknown;
    try {
      rows = JSON.parse(text);
    } catch {
      return [];
    }
    return Array.isArray(rows) ? rows.flatMap((row: unknown) => rowOf(row) ?? []) : [];
  }
}

function rowOf(row: unknown): LogRow | null {
  if (typeof row !== 'object' || row === null) return null;
  const { number, origin, vkey, base, opened } = row as Partial<Record<keyof LogRow, unknown>>;
  const places = [number, base, opened];
  if (typeof origin !== 'string' || typeof vkey !== 'string') return null;
  if (!places.every((value) => Number.isSafeInteger(value) && Number(value) >= 0)) return null;
  return {
    number: Number(number),
    origin,
    vkey,
    base: Number(base),
    opened: Number(opened),
    minimum: 0,
  };
}

async function textOf(path: string): Promise<string | null> {
  const bytes = await readUpTo(path, MAX_COPY + 1);
  if (bytes && bytes.length > MAX_COPY)
    throw unavailable(`${path} is no copy of a log's head: it is too large`);
  return bytes && bytes.toString('utf8');
}
