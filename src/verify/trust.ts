import type { Digest } from '../model/digest.ts';
import type { RegistryKeys } from './npm/registry-keys.ts';

export { TrustError } from './trust-error.ts';

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
  /** The npm registry's keys. */
  readonly keys: RegistryKeys;
}

/** Reads and lints. @throws TrustError */
export function openTrust(_bytes: TrustBytes): Trust {
  throw new Error('not written yet');
}
