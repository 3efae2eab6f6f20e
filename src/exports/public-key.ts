import { ed25519PublicKey, verifierKey } from '../ledger/log/verifier-key.ts';

/** The public key of a verifier key as PEM (RFC 7468, SubjectPublicKeyInfo), as other tools want it. */
export function publicKeyPem(vkey: string): string {
  return ed25519PublicKey(verifierKey(vkey).publicKey).export({ format: 'pem', type: 'spki' }).toString();
}
