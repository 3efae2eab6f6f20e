import type { KeyObject } from 'node:crypto';
import { EvidenceFault } from '../fault.ts';
import type { Trust } from '../trust.ts';
import type { SignedMessage } from './message.ts';
import { readBundle } from './read-bundle.ts';
import { type Seal, verifySeal } from './seal.ts';

/** A bundle that holds, of whatever content. */
export interface VerifiedArtifact extends Seal {
  /** Of a DSSE envelope, the very bytes whose signature verified; null where the artifact itself is signed. */
  readonly payload: Uint8Array | null;
}

export interface ArtifactOptions {
  /** Milliseconds since 1970. */
  readonly now: number;
  /** What is to be vouched for. Of an attestation, what it says of it is the caller's to compare. */
  readonly artifact: SignedMessage;
  /** The key that must have signed; null where a certificate must have. */
  readonly key: KeyObject | null;
}

/**
 * Verifies a bundle as Sigstore's clients do, of a signature over an artifact or of an attestation, by a certificate
 * or by a key that the caller knows. `bundle` is JSON that `readStrictJson` has read.
 * @throws EvidenceFault
 */
export function verifySigstoreBundle(
  trust: Trust,
  bundle: unknown,
  options: ArtifactOptions,
): VerifiedArtifact {
  const { now, artifact, key } = options;
  const read = readBundle(bundle);
  const bySomeKey = read.verificationMaterial.content.$case === 'publicKey';
  if (bySomeKey !== (key !== null)) throw new EvidenceFault(bySomeKey ? 'key-unknown' : 'key-id');
  const seal = verifySeal(trust, read, {
    now,
    rootInChain: false,
    message: artifact,
    keyAt() {
      if (!key) throw new EvidenceFault('key-unknown');
      return key;
    },
  });
  const payload = read.content.$case === 'dsseEnvelope' ? read.content.dsseEnvelope.payload : null;
  return { ...seal, payload };
}
