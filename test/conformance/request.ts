import { createPublicKey } from 'node:crypto';
import { EvidenceFault } from '../../src/verify/fault.ts';
import { verifySigstoreBundle } from '../../src/verify/sigstore/artifact.ts';
import { messageOf, type SignedMessage } from '../../src/verify/sigstore/message.ts';
import { readStrictJson } from '../../src/verify/strict-json.ts';
import { openTrust } from '../../src/verify/trust.ts';
import { prehashed } from './prehashed.ts';

/** What `verify-bundle` is asked, with the files that it names read. */
export interface VerifyRequest {
  readonly bundle: Uint8Array;
  readonly trustedRoot: Uint8Array;
  /** Any readable list of registry keys: none of it is used. */
  readonly npmKeys: Uint8Array;
  readonly artifact: { readonly bytes: Uint8Array } | { readonly sha256: string };
  readonly signer: { readonly identity: string; readonly issuer: string } | { readonly key: string };
}

/** Returns where the bundle holds. @throws EvidenceFault, TrustError where it does not */
export function verifyRequest(request: VerifyRequest, now: number): void {
  const { bundle, signer } = request;
  const trust = openTrust({
    root: request.trustedRoot,
    npmKeys: request.npmKeys,
    // Every entry needs an inclusion proof.
    proofSince: 0,
    npmRegistry: 'https://registry.invalid',
  });
  const artifact =
    'bytes' in request.artifact
      ? messageOf(request.artifact.bytes)
      : prehashed(Buffer.from(request.artifact.sha256, 'hex'));
  const verified = verifySigstoreBundle(trust, readStrictJson(bundle), {
    now,
    artifact,
    key: 'key' in signer ? createPublicKey(signer.key) : null,
  });
  if ('identity' in signer) {
    const { subject, issuer } = verified.certificate ?? {};
    if (subject !== signer.identity || issuer !== signer.issuer) throw new EvidenceFault('issuer', 'failed');
  }
  if (verified.payload && !subjects(verified.payload).includes(hexDigest(artifact)))
    throw new EvidenceFault('subject-digest');
}

/** The sha256 of each subject of an in-toto statement. */
function subjects(payload: Uint8Array): unknown[] {
  const statement = readStrictJson(payload);
  const list = isObject(statement) && Array.isArray(statement['subject']) ? statement['subject'] : [];
  return list.map((subject: unknown) =>
    isObject(subject) && isObject(subject['digest']) ? subject['digest']['sha256'] : null,
  );
}

function hexDigest(artifact: SignedMessage): string {
  return Buffer.from(artifact.digest('sha256') ?? []).toString('hex');
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null;
}
