import { createHash } from 'node:crypto';
import { setImmediate } from 'node:timers/promises';
import type { Digest } from '../model/digest.ts';

/** Bytes that are hashed in one turn of the event loop: about a millisecond's work. */
const TURN = 1024 ** 2;

/** The sha256 and the length of a document, whole or in pieces. A long one gives others their turns meanwhile. */
export async function documentDigest(bytes: Uint8Array | readonly Uint8Array[]): Promise<{
  readonly digest: Digest;
  readonly length: number;
}> {
  const hash = createHash('sha256');
  let length = 0;
  let turn = 0;
  for (const piece of bytes instanceof Uint8Array ? [bytes] : bytes) {
    for (let at = 0; at < piece.length; at += TURN) {
      const part = piece.subarray(at, at + TURN);
      if (turn + part.length > TURN) {
        await setImmediate();
        turn = 0;
      }
      hash.update(part);
      turn += part.length;
    }
    length += piece.length;
  }
  return { digest: `sha256:${hash.digest('hex')}`, length };
}
