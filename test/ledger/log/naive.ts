import { createHash } from 'node:crypto';

/** RFC 6962 section 2.1 as it is written there: recursive, over a list of leaf hashes, with nothing of ours in it. */
export class NaiveTree {
  readonly leaves: readonly Buffer[];
  readonly #known = new Map<string, Buffer>();

  constructor(leaves: readonly Buffer[]) {
    this.leaves = leaves;
  }

  /** MTH(D[start:end]) */
  hash(start: number, end: number): Buffer {
    const key = `${start}-${end}`;
    const known = this.#known.get(key);
    if (known) return known;
    const n = end - start;
    let value: Buffer;
    if (n === 0) value = sha256();
    else if (n === 1) value = this.leaves[start] ?? fail();
    else {
      const k = largestPowerBelow(n);
      value = sha256(Buffer.from([1]), this.hash(start, start + k), this.hash(start + k, end));
    }
    this.#known.set(key, value);
    return value;
  }

  /** PATH(m, D[start:end]), m counted from start. */
  path(m: number, start: number, end: number): Buffer[] {
    if (end - start === 1) return [];
    const k = largestPowerBelow(end - start);
    if (m < k) return [...this.path(m, start, start + k), this.hash(start + k, end)];
    return [...this.path(m - k, start + k, end), this.hash(start, start + k)];
  }

  /** PROOF(m, D[0:n]), for 0 < m < n */
  proof(m: number, n: number): Buffer[] {
    return this.#subproof(m, 0, n, true);
  }

  #subproof(m: number, start: number, end: number, whole: boolean): Buffer[] {
    const n = end - start;
    if (m === n) return whole ? [] : [this.hash(start, end)];
    const k = largestPowerBelow(n);
    if (m <= k) return [...this.#subproof(m, start, start + k, whole), this.hash(start + k, end)];
    return [...this.#subproof(m - k, start + k, end, false), this.hash(start, start + k)];
  }
}

export function sha256(...parts: Uint8Array[]): Buffer {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(part);
  return hash.digest();
}

/** Entry i of a log of no meaning, and its leaf hash. */
export function entryOf(i: number): Buffer {
  return Buffer.from(`{"entry":${i}}`);
}

export function leafOf(i: number): Buffer {
  return sha256(Buffer.from([0]), entryOf(i));
}

function largestPowerBelow(n: number): number {
  let k = 1;
  while (2 * k < n) k *= 2;
  return k;
}

function fail(): never {
  throw new Error('no such leaf');
}
