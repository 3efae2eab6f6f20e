/** A publication time: milliseconds since 1970, and the ISO 8601 text that says the same to a client. */
export interface Instant {
  readonly ms: number;
  readonly text: string;
}

/** Date, time with optional fraction, and `Z` or an offset: without one a time has no meaning here. */
const ISO = /^(\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(?:\.\d{1,9})?)(Z|[+-]\d{2}:?\d{2})$/;

/** Reads an ISO 8601 time in any offset; null where it is none. An offset of nothing is written as `Z`. */
export function readInstant(value: unknown): Instant | null {
  if (typeof value !== 'string' || value.length > 40) return null;
  const match = ISO.exec(value);
  if (!match) return null;
  const [, local, offset] = match as unknown as [string, string, string];
  const text = local + (offset === 'Z' ? 'Z' : isoOffset(offset));
  const ms = Date.parse(text);
  return Number.isNaN(ms) ? null : { ms, text };
}

function isoOffset(offset: string): string {
  const digits = offset.replace(':', '');
  return /0000$/.test(digits) ? 'Z' : `${digits.slice(0, 3)}:${digits.slice(3)}`;
}
