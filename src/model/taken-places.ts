/** A place that a file takes, and a distribution of another name that was admitted with it before. */
export interface TakenPlace {
  /** As `toldPlaces` has it. */
  readonly place: string;
  /** Canonical name. */
  readonly by: string;
}

export interface TakenPlaces {
  /** Sorted by place, then by name. For a decision each name once, and `MAX_TAKEN` at most. */
  readonly taken: readonly TakenPlace[];
  /** There are more, so that nobody knows whose. */
  readonly more: boolean;
}

/** An entry has room for no more. */
export const MAX_TAKEN = 16;

export const NONE_TAKEN: TakenPlaces = { taken: [], more: false };
