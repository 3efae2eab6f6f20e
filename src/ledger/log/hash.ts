import { hash } from 'node:crypto';
import { canonicalBase64 } from './base64.ts';
import { LogError } from './log-error.ts';

/** Bytes of a hash: the log's only algorithm is SHA-256. */
export const HASH_SIZE = 32;

/** A Merkle tree hash: 32 bytes. */
export type Hash = Buffer;

// Written and read within one synchronous call.
const pair = Buffer.alloc(1 + 2 * HASH_SIZE, 0x01);

/** The hash of one entry (RFC 6962 section 2.1): SHA-256(0x00 || entry). */
export function leafHashOf(entry: Uint8Array): Hash {
  const prefixed = Buffer.allocUnsafe(1 + entry.length);
  prefixed[0] = 0x00;
  prefixed.set(entry, 1);
  return hash('sha256', prefixed, 'buffer');
}

/** The hash of two subtrees (RFC 6962 section 2.1): SHA-256(0x01 || left || right). Throws LogError for other sizes. */
export function nodeHash(left: Uint8Array, right: Uint8Array): Hash {
  if (left.length !== HASH_SIZE || right.length !== HASH_SIZE) throw new LogError('a hash is not 32 bytes');
  pair.set(left, 1);
  pair.set(right, 1 + HASH_SIZE);
  return hash('sha256', pair, 'buffer');
}

/** The root of a tree without leaves: the hash of no bytes (RFC 6962 section 2.1). */
export function emptyRoot(): Hash {
  return hash('sha256', '', 'buffer');
}

/** A hash as canonical base64, as checkpoints and proofs have it; null where it is none. */
export function hashFromBase64(text: string): Hash | null {
  const bytes = text.length === 44 ? canonicalBase64(text) : null;
  return bytes?.length === HASH_SIZE ? bytes : null;
}
