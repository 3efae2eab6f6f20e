import { isDeepStrictEqual } from 'node:util';

/** Something that came out otherwise than the entry says. Values are parts of the entry, or what would be. */
export interface Difference {
  /** In our words, or a field of the entry. */
  readonly what: string;
  readonly entered: unknown;
  readonly again: unknown;
}

/** What came of doing one part of a decision again. */
export interface Findings {
  readonly differences: readonly Difference[];
  /** What cannot be done again, and why, so that nothing is said of it. */
  readonly undecided: readonly string[];
  /** What a reader should know, and what makes nothing worse. */
  readonly notes: readonly string[];
}

/** Collects them. */
export class Found implements Findings {
  readonly differences: Difference[] = [];
  readonly undecided: string[] = [];
  readonly notes: string[] = [];

  /** What is absent is `undefined` or null, alike. */
  compare(what: string, entered: unknown, again: unknown): void {
    if (!isDeepStrictEqual(entered ?? null, again ?? null)) {
      this.differences.push({ what, entered: entered ?? null, again: again ?? null });
    }
  }

  take({ differences, undecided, notes }: Findings): void {
    this.differences.push(...differences);
    this.undecided.push(...undecided);
    this.notes.push(...notes);
  }
}
