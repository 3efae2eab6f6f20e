import { createHash, type KeyObject, timingSafeEqual, verify } from 'node:crypto';

/** Hash algorithms of message signatures, as Node names them. */
export type MessageHash = 'sha256' | 'sha384' | 'sha512';

/** What a message signature is over. */
export interface SignedMessage {
  /** Null where it is not known. */
  digest(algorithm: MessageHash): Uint8Array | null;
  verify(key: KeyObject, signature: Uint8Array, algorithm: MessageHash): boolean;
}

/** A message whose bytes are all here. */
export function messageOf(bytes: Uint8Array): SignedMessage {
  return {
    digest: (algorithm) => createHash(algorithm).update(bytes).digest(),
    verify(key, signature, algorithm) {
      try {
        return verify(algorithm, bytes, key, signature);
      } catch {
        // A key that does not sign with this hash.
        return false;
      }
    },
  };
}

export function equalBytes(one: Uint8Array, other: Uint8Array): boolean {
  return one.length === other.length && timingSafeEqual(one, other);
}
