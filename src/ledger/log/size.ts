/** A number of leaves, or the place of one: an integer from 0 to 2^53-1. */
export function isSize(value: number): boolean {
  return Number.isSafeInteger(value) && value >= 0;
}

/** What ASCII decimal without leading zeros says; null for every other spelling and for more than 2^53-1. */
export function decimalSize(text: string): number | null {
  if (!/^(?:0|[1-9][0-9]{0,15})$/.test(text)) return null;
  const value = Number(text);
  return Number.isSafeInteger(value) ? value : null;
}

/** The largest power of two smaller than `size`, where RFC 6962 section 2.1 splits a tree; `size` is at least 2. */
export function splitPoint(size: number): number {
  let k = 1;
  while (k * 2 < size) k *= 2;
  return k;
}
