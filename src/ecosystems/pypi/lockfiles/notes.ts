import type { LockfileNote } from '../../lockfile.ts';

/** More of them nobody reads, and a hostile file has room for millions. */
const MAX_NOTES = 10_000;

/** Collects notes, in our own words: names in them have passed the grammar of names. */
export class Notes {
  readonly #list: LockfileNote[] = [];
  #left = 0;

  add(line: number | null, what: string): void {
    if (this.#list.length < MAX_NOTES) this.#list.push({ line, what });
    else this.#left += 1;
  }

  get list(): readonly LockfileNote[] {
    if (this.#left === 0) return [...this.#list];
    return [...this.#list, { line: null, what: `${this.#left} more notes are left out` }];
  }
}
