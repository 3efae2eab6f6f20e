import type { Signer } from '../../model/evidence.ts';
import type { Trust } from '../trust.ts';

/** What a verified certificate says of its holder. */
export interface SigningCertificate extends Omit<Signer, 'predicate'> {
  /** It has the facts under the extension numbers of 2022 and 2023 only (.1 to .6). */
  readonly legacy: boolean;
  /** Milliseconds since 1970. */
  readonly notBefore: number;
  /** Address of the run that it was issued to (.21); null where it is silent. */
  readonly run: string | null;
}

/** A Sigstore bundle whose signature, certificate or key, time and log entry hold. */
export interface VerifiedBundle {
  readonly mediaType: string;
  /** Of the DSSE envelope. */
  readonly payloadType: string;
  /** The very bytes whose signature verified. */
  readonly payload: Uint8Array;
  /** Which pinned key signed; null where a certificate did. */
  readonly keyId: string | null;
  /** Null where a key signed. */
  readonly certificate: SigningCertificate | null;
  /** Milliseconds since 1970, as the log or a timestamp authority attests. */
  readonly signedAt: number;
}

/**
 * Verifies a bundle that holds an attestation in a DSSE envelope. `bundle` is JSON that `readStrictJson` has read;
 * `now` is milliseconds since 1970. Who signed is told, not judged.
 * @throws EvidenceFault
 */
export function verifyBundle(_trust: Trust, _bundle: unknown, _options: { readonly now: number }): VerifiedBundle {
  throw new Error('not written yet');
}
