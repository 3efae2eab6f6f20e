/** Bounds of what is read. Bytes, where they are of no other unit. */
export interface SourceLimits {
  /** Records of one source. */
  readonly entries: number;
  /** One record, as JSON. A larger one is left out, and counted. */
  readonly record: number;
  /** All records of one zip, unpacked. */
  readonly unpacked: number;
  /** How many times a zip's own size its records may be, unpacked. */
  readonly ratio: number;
}

export const SOURCE_LIMITS: SourceLimits = {
  entries: 2_000_000,
  record: 10 * 1024 ** 2,
  unpacked: 8 * 1024 ** 3,
  ratio: 200,
};

/** A small zip may hold little more than one text a thousand times: its ratio counts from here on. */
export const RATIO_FROM = 64 * 1024 ** 2;

/** What a source gives: the JSON bytes of a record, or that there was one that is too large to be read. */
export type Piece = Uint8Array | 'too-large';
