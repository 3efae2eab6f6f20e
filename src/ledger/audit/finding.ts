/** Which copy of the record, or which statement about it, a finding is about. */
export type Copy =
  | 'key'
  | 'checkpoint'
  | 'cosignatures'
  | 'kept checkpoint'
  | 'head copy'
  | 'history'
  | 'chain'
  | 'bundle'
  | 'tile'
  | 'entries'
  | 'database'
  | 'query index'
  | 'retention'
  | 'counters'
  | 'files';

/**
 * What is wrong, as a fixed word:
 * `missing` is not there · `unreadable` is not in its form · `signature` does not verify · `key` is not the log's ·
 * `changed` is not what was signed · `moved` is another entry of the log · `differs` copies disagree, and nothing shows
 * which was signed · `root` the entries do not lead to the head · `form` is no entry of this format · `fork` two heads of
 * one size · `inconsistent` a head that the log does not contain · `future` a head larger than the log · `origin` of no
 * log that is here · `extra` nothing accounts for it · `late` not published in time · `policy` not met or not allowed ·
 * `counts` do not add up · `told` nothing is wrong, and somebody should know.
 */
export type FindingCode =
  | 'missing'
  | 'unreadable'
  | 'signature'
  | 'key'
  | 'changed'
  | 'moved'
  | 'differs'
  | 'root'
  | 'form'
  | 'fork'
  | 'inconsistent'
  | 'future'
  | 'origin'
  | 'extra'
  | 'late'
  | 'policy'
  | 'counts'
  | 'told';

/** Where a finding is. */
export interface Place {
  /** Number of the log; null where it is about none or all. */
  readonly log: number | null;
  /** The first and the last entry that it is about, by their places in the log. */
  readonly from?: number;
  readonly to?: number;
  /** Number of the first in the ledger, where it is known. */
  readonly seq?: number;
  /** The file, under the log's prefix. */
  readonly path?: string;
}

/** One thing that a check found. A problem fails the audit, a note does not. `text` may repeat what others wrote. */
export interface Finding extends Place {
  readonly kind: 'problem' | 'note';
  readonly code: FindingCode;
  readonly copy: Copy;
  readonly text: string;
}

/** Findings that are kept of each kind; what comes beyond is counted. */
const MAX_KEPT = 200;

/**
 * Gathers findings, and makes one of those that only differ in that the next begins behind the one before: a file that
 * was shifted by one entry is one finding and not a million.
 */
export class Findings {
  readonly #kept: Finding[] = [];
  readonly #count = { problem: 0, note: 0 };
  readonly #left = { problem: 0, note: 0 };
  readonly #open = new Map<string, number>();

  problem(code: FindingCode, copy: Copy, place: Place, text: string): void {
    this.#add({ kind: 'problem', code, copy, ...place, text });
  }

  note(code: FindingCode, copy: Copy, place: Place, text: string): void {
    this.#add({ kind: 'note', code, copy, ...place, text });
  }

  get problems(): number {
    return this.#count.problem;
  }

  /** In the order in which they were found. */
  get all(): readonly Finding[] {
    return this.#kept;
  }

  /** How many were found and not kept. */
  get left(): Readonly<Record<Finding['kind'], number>> {
    return this.#left;
  }

  #add(finding: Finding): void {
    const { kind, code, copy, log, from, to, path, text } = finding;
    const key = `${kind} ${code} ${copy} ${log} ${text}`;
    const at = this.#open.get(key);
    const before = at === undefined ? undefined : this.#kept[at];
    if (at !== undefined && before?.to !== undefined && from === before.to + 1) {
      this.#kept[at] = { ...before, to: to ?? from };
      return;
    }
    this.#count[kind] += 1;
    if (this.#count[kind] > MAX_KEPT) {
      this.#left[kind] += 1;
      return;
    }
    if (from !== undefined) this.#open.set(key, this.#kept.length);
    this.#kept.push({
      ...finding,
      ...(from !== undefined && { to: to ?? from }),
      ...(path !== undefined && { path }),
    });
  }
}
