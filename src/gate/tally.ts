/** What was answered and sent since the server started: what is held against the ledger's own entries. */
export interface TallyCounts {
  /**
   * Answers that carried an entry, by what it decided, and refusals that the ledger has only as part of a sum. What
   * decided nothing, as an admitted index does, is none of these.
   */
  readonly answers: { readonly allow: number; readonly refuse: number; readonly summed: number };
  /** Answers of admitted files: sent to their end or not, and the bytes of their bodies that left. */
  readonly files: { readonly served: number; readonly aborted: number; readonly bytes: number };
  /** Of `files`, those of which the ledger could not be told how they ended: nobody waits for that entry. */
  readonly unwritten: number;
}

/**
 * Counts where answers leave, and not where they are decided, so that one is a check of the other. An entry is durable
 * before its answer is counted: at any moment the ledger has as many as are counted here, or more (a client that
 * left before its answer, a decision that was made again).
 */
export class Tally {
  #answers = { allow: 0, refuse: 0, summed: 0 };
  #files = { served: 0, aborted: 0, bytes: 0 };
  #unwritten = 0;

  /** A server starts: what was counted before is not of its entries. */
  begin(): void {
    this.#answers = { allow: 0, refuse: 0, summed: 0 };
    this.#files = { served: 0, aborted: 0, bytes: 0 };
    this.#unwritten = 0;
  }

  /** An answer that has an entry of its own or in a sum is about to be sent. */
  answered(kind: keyof TallyCounts['answers']): void {
    this.#answers[kind] += 1;
  }

  /** An admitted file was sent, or not to its end; after the ledger was told. */
  ended(served: boolean, bytes: number): void {
    this.#files[served ? 'served' : 'aborted'] += 1;
    this.#files.bytes += bytes;
  }

  /** The ledger could not take how a file ended. */
  unwritten(): void {
    this.#unwritten += 1;
  }

  /** As it is now; does not change any more. */
  get counts(): TallyCounts {
    return { answers: { ...this.#answers }, files: { ...this.#files }, unwritten: this.#unwritten };
  }
}
