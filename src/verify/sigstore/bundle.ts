import type { KeyObject } from 'node:crypto';
import type { Bundle } from '@sigstore/bundle';
import { EvidenceFault } from '../fault.ts';
import type { Trust } from '../trust.ts';
import { attestationKey } from './attestation-key.ts';
import type { SigningCertificate } from './certificate.ts';
import { readBundle } from './read-bundle.ts';
import { verifySeal } from './seal.ts';

export type { SigningCertificate } from './certificate.ts';

/** A Sigstore bundle whose signature, certificate or key, time and log entries hold. */
export interface VerifiedBundle {
  /** The very bytes whose signature verified. */
  readonly payload: Uint8Array;
  /** Which pinned key signed; null where a certificate did. */
  readonly keyId: string | null;
  /** Null where a key signed. */
  readonly certificate: SigningCertificate | null;
}

/** The payload type of an in-toto statement in a DSSE envelope. */
export const IN_TOTO = 'application/vnd.in-toto+json';

/**
 * Verifies a bundle that carries an in-toto statement in a DSSE envelope, signed by a certificate of the trust root
 * or by one of the registry's keys for attestations. `bundle` is JSON that `readStrictJson` has read, `now` is
 * milliseconds since 1970. Who signed is told, not judged, and nothing of the statement is looked at.
 * @throws EvidenceFault
 */
export function verifyBundle(
  trust: Trust,
  bundle: unknown,
  options: { readonly now: number },
): VerifiedBundle {
  const read = readBundle(bundle);
  if (read.content.$case !== 'dsseEnvelope') throw new EvidenceFault('payload-type');
  const { payload, payloadType, signatures } = read.content.dsseEnvelope;
  if (payloadType !== IN_TOTO) throw new EvidenceFault('payload-type');
  const keyId = hintOf(read);
  // The library goes by the hint, and never looks at the envelope's own, unsigned word on the key.
  if (signatures.some(({ keyid }) => keyid !== (keyId ?? ''))) throw new EvidenceFault('key-id');
  const { certificate } = verifySeal(trust, read, {
    now: options.now,
    rootInChain: true,
    keyAt: (hint: string, at: number): KeyObject => attestationKey(trust.keys, hint, at),
  });
  return { payload, keyId, certificate };
}

/** Null where a certificate tells the key. */
function hintOf({ verificationMaterial: { content } }: Bundle): string | null {
  return content.$case === 'publicKey' ? content.publicKey.hint : null;
}
