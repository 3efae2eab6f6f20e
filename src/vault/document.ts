import { createHash } from 'node:crypto';
import type { Digest } from '../model/digest.ts';

/** The sha256 and the length of a document, whole or in pieces. */
export function documentDigest(bytes: Uint8Array | readonly Uint8Array[]): {
  readonly digest: Digest;
  readonly length: number;
} {
  const hash = createHash('sha256');
  let length = 0;
  for (const piece of bytes instanceof Uint8Array ? [bytes] : bytes) {
    hash.update(piece);
    length += piece.length;
  }
  return { digest: `sha256:${hash.digest('hex')}`, length };
}
