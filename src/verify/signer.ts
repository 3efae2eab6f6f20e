import type { Signer } from '../model/evidence.ts';
import type { SigningCertificate } from './sigstore/bundle.ts';

/** What a verdict says of who signed. */
export function signerOf(certificate: SigningCertificate, predicate: Signer['predicate']): Signer {
  const { run: _run, ...facts } = certificate;
  return { predicate, ...facts };
}
