import type { Trust } from '../trust.ts';

/**
 * The pinned keys as the registry's API has them (`/-/npm/v1/keys`), JSON, for clients that check for themselves.
 * npm finds a key by its id alone, for signatures and attestations alike, so every id is there once, with the
 * earliest of its ends.
 */
export function servedKeys(_trust: Trust): Uint8Array {
  throw new Error('not written yet');
}
