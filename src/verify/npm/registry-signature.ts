import type { Digest } from '../../model/digest.ts';
import type { RegistrySignature } from '../../model/evidence.ts';
import type { Trust } from '../trust.ts';

/** What a registry signs. `sha512` is of the bytes, or what the index declares where a page is written. */
export interface SignedArtifact {
  readonly name: string;
  readonly version: string;
  readonly sha512: Digest;
}

/**
 * Those signatures that may be passed on: the signature verifies over `name@version` and this sha512, by a key
 * that is pinned for signatures, is not revoked, and whose time has begun at `now` (ms). A retired key's pass too:
 * npm compares `expires` with the version's time itself, and without them it would call every older version unsigned.
 */
export function verifiedSignatures(
  _trust: Trust,
  _artifact: SignedArtifact,
  _signatures: readonly RegistrySignature[],
  _now: number,
): readonly RegistrySignature[] {
  throw new Error('not written yet');
}
