import type { ArtifactKind } from './artifact.ts';

/** The admitted version that a file is compared with. */
export interface Before {
  readonly version: string;
  /** Its bytes ran code of their own when they were installed. */
  readonly runs: boolean;
  /** Kinds of its files that were admitted, sorted. */
  readonly kinds: readonly ArtifactKind[];
}

/** A package that a file pulls in, and the version before it did not. */
export interface NewDependency {
  /** Canonical. */
  readonly name: string;
  /**
   * When the package appeared, ms since 1970: null where nobody knows. Absent: it was not looked up, which at `listing` says nothing yet,
   * and of bytes that are here as much as null.
   */
  readonly born?: number | null;
}

/** What is new in a file, beside the version of its package that was admitted before it. */
export interface Change {
  /** null: none was. */
  readonly before: Before | null;
  /** Sorted by name, at most `MAX_NEW`; null where they are more, or the file's own cannot be read. */
  readonly dependencies: readonly NewDependency[] | null;
}

/** An entry has room for no more. */
export const MAX_NEW = 24;

export const NO_CHANGE: Change = { before: null, dependencies: [] };
