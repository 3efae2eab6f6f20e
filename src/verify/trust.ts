import type { Digest } from '../model/digest.ts';
import type { RegistrySignature } from '../model/evidence.ts';

/** What is trusted, as bytes: it travels to threads so, and its digest is in every decision's record. */
export interface TrustBytes {
  /** A Sigstore trusted root (protobuf JSON, media type `application/vnd.dev.sigstore.trustedroot+json;version=0.x`). */
  readonly root: Uint8Array;
  /**
   * The npm registry's keys: as its TUF target has them (`keyId`, `keyUsage`, `publicKey.validFor`), or as its API
   * does (`keyid`, `expires`), which count for signatures only. `"revoked": true` in a key takes it out.
   */
  readonly npmKeys: Uint8Array;
  /** Entries of the transparency log from this instant on (ms since 1970) need an inclusion proof. */
  readonly proofSince: number;
  /** Origin of the registry that publish attestations must name, whichever mirror they came from. */
  readonly npmRegistry: string;
}

/** What is trusted, read and linted. Made once, used for every check. */
export interface Trust {
  /** sha256 over all of TrustBytes. */
  readonly digest: Digest;
  readonly bytes: TrustBytes;
}

/** The trust root or the keys cannot be used: says what is wrong, for people. */
export class TrustError extends Error {
  override readonly name = 'TrustError';
}

/** Reads and lints. @throws TrustError */
export function openTrust(_bytes: TrustBytes): Trust {
  throw new Error('not written yet');
}

/** Those signatures that verify, now, over `name@version` and this sha512, by a key that is neither unknown nor retired. */
export function verifiedSignatures(
  _trust: Trust,
  _artifact: { readonly name: string; readonly version: string; readonly sha512: Digest },
  _signatures: readonly RegistrySignature[],
  _now: number,
): readonly RegistrySignature[] {
  return [];
}

/** The keys as the registry's API serves them (`/-/npm/v1/keys`), for clients that check for themselves. */
export function servedKeys(_trust: Trust): Uint8Array {
  throw new Error('not written yet');
}
