import { createHash } from 'node:crypto';
import type { Digest } from '../model/digest.ts';
import { type RegistryKeys, readRegistryKeys } from './npm/registry-keys.ts';
import { readSigstoreRoot, type SigstoreRoot } from './sigstore/root.ts';
import { TrustError } from './trust-error.ts';

export { TrustError };

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
  /** Certificate authorities, logs and timestamp authorities of one Sigstore instance. */
  readonly sigstore: SigstoreRoot;
  /** The npm registry's keys. */
  readonly keys: RegistryKeys;
}

/** Reads and lints. @throws TrustError */
export function openTrust(bytes: TrustBytes): Trust {
  if (!Number.isSafeInteger(bytes.proofSince) || bytes.proofSince < 0)
    throw new TrustError('the instant from which log entries need a proof is none');
  if (!isOrigin(bytes.npmRegistry)) throw new TrustError('the npm registry is not named by its origin');
  return {
    digest: digestOf(bytes),
    bytes,
    sigstore: readSigstoreRoot(bytes.root),
    keys: readRegistryKeys(bytes.npmKeys),
  };
}

/** Each part is preceded by its length in octets, so that no octet can move from one part to the next. */
function digestOf({ root, npmKeys, proofSince, npmRegistry }: TrustBytes): Digest {
  const hash = createHash('sha256');
  for (const part of [root, npmKeys, Buffer.from(String(proofSince)), Buffer.from(npmRegistry)]) {
    const length = Buffer.alloc(8);
    length.writeBigUInt64BE(BigInt(part.length));
    hash.update(length).update(part);
  }
  return `sha256:${hash.digest('hex')}`;
}

function isOrigin(text: string): boolean {
  return URL.canParse(text) && new URL(text).origin === text;
}
