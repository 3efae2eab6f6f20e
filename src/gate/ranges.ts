/** Bytes `start` (inclusive) to `end` (exclusive) of a file. */
export interface Span {
  readonly start: number;
  readonly end: number;
}

/** What of a file a request gets: all of it (200), a part (206), or nothing (416). */
export type RangeAnswer =
  | { readonly kind: 'whole' }
  | ({ readonly kind: 'part' } & Span)
  | { readonly kind: 'unsatisfiable' };

const WHOLE: RangeAnswer = { kind: 'whole' };
const UNSATISFIABLE: RangeAnswer = { kind: 'unsatisfiable' };

/**
 * Reads a Range header for a file of `size` bytes (RFC 9110, 14.2). One range is served; another unit,
 * several ranges or text that does not parse is ignored, as the RFC allows, and the whole file is sent.
 * A range under an If-Range that is not exactly the strong `etag` is ignored too (13.1.5).
 */
export function rangeOf(
  range: string | null,
  ifRange: string | undefined,
  etag: string,
  size: number,
): RangeAnswer {
  if (range === null || (ifRange !== undefined && ifRange !== etag)) return WHOLE;
  const match = /^bytes=\s*([0-9]{0,15})-([0-9]{0,15})\s*$/i.exec(range);
  if (!match) return WHOLE;
  const [, first = '', last = ''] = match;
  if (first === '') {
    if (last === '') return WHOLE;
    const suffix = Math.min(Number(last), size);
    return suffix === 0 ? UNSATISFIABLE : { kind: 'part', start: size - suffix, end: size };
  }
  const start = Number(first);
  if (last !== '' && Number(last) < start) return WHOLE;
  if (start >= size) return UNSATISFIABLE;
  return { kind: 'part', start, end: last === '' ? size : Math.min(Number(last) + 1, size) };
}
