import { type Digest, sha256 } from '../model/digest.ts';
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
  /** sha256 over all of TrustBytes: of `trustDocument`. */
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
    digest: sha256(trustDocument(bytes)),
    bytes,
    sigstore: readSigstoreRoot(bytes.root),
    keys: readRegistryKeys(bytes.npmKeys),
  };
}

/**
 * All of what is trusted as one document, whose sha256 names it: root, npmKeys, proofSince in decimal, npmRegistry.
 * Each part is preceded by its length in octets (64 bits, big-endian), so that none can move from one part to the next.
 */
export function trustDocument({ root, npmKeys, proofSince, npmRegistry }: TrustBytes): Uint8Array {
  const parts = [root, npmKeys, Buffer.from(String(proofSince)), Buffer.from(npmRegistry)];
  return Buffer.concat(
    parts.flatMap((part) => {
      const length = Buffer.alloc(LENGTH);
      length.writeBigUInt64BE(BigInt(part.length));
      return [length, part];
    }),
  );
}

/** Reads what `trustDocument` wrote, and lints. @throws TrustError where it is anything else */
export function openTrustDocument(document: Uint8Array): Trust {
  const [root, npmKeys, proofSince, npmRegistry, ...more] = partsOf(document);
  if (!root || !npmKeys || !proofSince || !npmRegistry || more.length > 0) throw new TrustError(NO_DOCUMENT);
  const trust = openTrust({
    root,
    npmKeys,
    proofSince: Number(proofSince),
    npmRegistry: npmRegistry.toString(),
  });
  // A number or an origin that is written in another way is another document.
  if (trust.digest !== sha256(document)) throw new TrustError(NO_DOCUMENT);
  return trust;
}

const NO_DOCUMENT = 'this is no document of what was trusted';

/** Octets of a length. */
const LENGTH = 8;

function partsOf(document: Uint8Array): Buffer[] {
  const bytes = Buffer.from(document);
  const parts: Buffer[] = [];
  for (let at = 0; at < bytes.length; ) {
    const start = at + LENGTH;
    if (start > bytes.length) throw new TrustError(NO_DOCUMENT);
    const end = BigInt(start) + bytes.readBigUInt64BE(at);
    if (end > bytes.length) throw new TrustError(NO_DOCUMENT);
    at = Number(end);
    parts.push(bytes.subarray(start, at));
  }
  return parts;
}

function isOrigin(text: string): boolean {
  return URL.canParse(text) && new URL(text).origin === text;
}
