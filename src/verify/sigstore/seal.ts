import type { KeyObject, X509Certificate } from 'node:crypto';
import type { Bundle } from '@sigstore/bundle';
import { HashAlgorithm } from '@sigstore/protobuf-specs';
import {
  type SignedEntity,
  type Signer,
  type TrustMaterial,
  toSignedEntity,
  Verifier,
} from '@sigstore/verify';
import type { Cause } from '../../model/evidence.ts';
import { EvidenceFault } from '../fault.ts';
import type { Trust } from '../trust.ts';
import { readLeaf, readSigningCertificate, type SigningCertificate } from './certificate.ts';
import { faultOf } from './library-fault.ts';
import { requireReadable, requireSameTree, verifierOf } from './log-entry.ts';
import { equalBytes, type MessageHash, type SignedMessage } from './message.ts';
import { certificatesOf } from './read-bundle.ts';

/** What a bundle's verification material vouches for. */
export interface Seal {
  /** Null where a key signed. */
  readonly certificate: SigningCertificate | null;
}

export interface SealOptions {
  /** Milliseconds since 1970. */
  readonly now: number;
  /** The key of a hint at an instant. @throws EvidenceFault where there is none */
  keyAt(hint: string, at: number): KeyObject;
  /**
   * A bundle's chain may end in a root of the trust root. The format says that it must not, and the attestations of
   * npm's first two years do.
   */
  readonly rootInChain: boolean;
  /** What a message signature is over; without it, none verifies. */
  readonly message?: SignedMessage;
}

/** By how much a log's clock may be before ours. */
const CLOCK_SKEW = 5 * 60_000;

/** One of each is the least that a bundle must have; each that it has must hold. */
const THRESHOLDS = { tlogThreshold: 1, ctlogThreshold: 1, timestampThreshold: 1 };

/**
 * Verifies a bundle's signature, the certificate or key that made it, when it was made, and that a transparency log
 * has it. The library does the cryptography; what it leaves open is closed here: it is never given an identity to
 * match (it would match a pattern), nor does it compare the logged certificate with the bundle's.
 * @throws EvidenceFault
 */
export function verifySeal(trust: Trust, bundle: Bundle, options: SealOptions): Seal {
  const { tlogEntries } = bundle.verificationMaterial;
  const leaf = leafOf(bundle, trust, options.rootInChain);
  for (const entry of tlogEntries) requireReadable(entry);
  const entity = entityOf(bundle, options.message);
  const times = timesOf(entity);
  const signedAt = Math.max(...times);
  const key = leaf?.publicKey ?? options.keyAt(hintOf(bundle), signedAt);
  if (!entity.signature.verifySignature(key)) throw new EvidenceFault('signature');

  const keyFinder: TrustMaterial['publicKey'] = (hint) => ({
    publicKey: key,
    validFor: (date) => options.keyAt(hint, date.getTime()).equals(key),
  });
  const signer = verifyByLibrary(entity, { ...trust.sigstore.material, publicKey: keyFinder }, leaf, times);

  if (times.some((time) => time > options.now + CLOCK_SKEW)) throw new EvidenceFault('timestamp');
  const verifier = leaf?.raw ?? key.export({ format: 'der', type: 'spki' });
  for (const entry of tlogEntries) {
    requireSameTree(entry);
    if (!equalBytes(verifierOf(entry), verifier)) throw new EvidenceFault('log-certificate');
    const promisedAt = entry.inclusionPromise ? Number(entry.integratedTime) * 1000 : null;
    if (promisedAt === null) requireLogInForce(trust, entry.logId.keyId, signedAt);
    // Whatever the bundle calls itself: a relabelled one must not do without a proof.
    else if (!entry.inclusionProof && promisedAt >= trust.bytes.proofSince)
      throw new EvidenceFault('log-proof');
  }
  return { certificate: leaf && certificateOf(signer, leaf) };
}

function verifyByLibrary(
  entity: SignedEntity,
  material: TrustMaterial,
  leaf: X509Certificate | null,
  times: readonly number[],
): Signer {
  try {
    return new Verifier(material, THRESHOLDS).verify(entity);
  } catch (error) {
    const fault = faultOf(error, otherwise(entity));
    const inTime = (time: number) =>
      !leaf || (time >= leaf.validFromDate.getTime() && time <= leaf.validToDate.getTime());
    throw fault.cause === 'certificate' && !times.every(inTime)
      ? new EvidenceFault('certificate-time')
      : fault;
  }
}

function entityOf(bundle: Bundle, message: SignedMessage | undefined): SignedEntity {
  let entity: SignedEntity;
  try {
    entity = toSignedEntity(bundle);
  } catch {
    // It reads certificate and timestamps; the certificate was read before.
    throw new EvidenceFault('timestamp');
  }
  if (bundle.content.$case === 'dsseEnvelope') return entity;
  const { messageDigest, signature } = bundle.content.messageSignature;
  const algorithm = MESSAGE_HASHES.get(messageDigest.algorithm);
  if (algorithm === undefined) throw new EvidenceFault('malformed');
  const digest = message?.digest(algorithm);
  if (!digest || !equalBytes(digest, messageDigest.digest)) throw new EvidenceFault('subject-digest');
  return {
    ...entity,
    signature: {
      signature,
      compareSignature: (logged) => equalBytes(logged, signature),
      compareDigest: (logged) => equalBytes(logged, digest),
      compareSignedDigest: (logged) => equalBytes(logged, digest),
      verifySignature: (key) => message?.verify(key, signature, algorithm) === true,
    },
  };
}

const MESSAGE_HASHES: ReadonlyMap<HashAlgorithm, MessageHash> = new Map([
  [HashAlgorithm.SHA2_256, 'sha256'],
  [HashAlgorithm.SHA2_384, 'sha384'],
  [HashAlgorithm.SHA2_512, 'sha512'],
]);

/** What an error is about that the library did not foresee: it reads timestamps and certificates as it goes. */
function otherwise(entity: SignedEntity): Cause {
  return entity.timestamps.some(({ $case }) => $case === 'timestamp-authority') ? 'timestamp' : 'certificate';
}

/** When the logs and timestamp authorities say that they saw the signature, ms since 1970; at least one does. */
function timesOf({ timestamps }: SignedEntity): number[] {
  let times: number[];
  try {
    times = timestamps.flatMap((timestamp) => {
      if (timestamp.$case === 'timestamp-authority') return [timestamp.timestamp.signingTime.getTime()];
      // Without a promise of the log, which is signed, its time is anybody's word.
      const { inclusionPromise, integratedTime } = timestamp.tlogEntry;
      return inclusionPromise ? [Number(integratedTime) * 1000] : [];
    });
  } catch {
    throw new EvidenceFault('timestamp');
  }
  if (times.length === 0 || !times.every(Number.isFinite)) throw new EvidenceFault('timestamp');
  return times;
}

/** The certificate that signed; null where a key did. What stands with it must be of the trust root, to the octet. */
function leafOf(bundle: Bundle, { sigstore }: Trust, rootInChain: boolean): X509Certificate | null {
  const [leaf, ...others] = certificatesOf(bundle).map(({ rawBytes }) => rawBytes);
  if (!leaf) return null;
  const allowed = sigstore.authorities.filter(({ isRoot }) => rootInChain || !isRoot);
  const known = (certificate: Uint8Array) => allowed.some(({ der }) => equalBytes(der, certificate));
  if (!others.every(known)) throw new EvidenceFault('certificate');
  return readLeaf(leaf);
}

function hintOf({ verificationMaterial: { content } }: Bundle): string {
  return content.$case === 'publicKey' ? content.publicKey.hint : '';
}

/** For a log that gives no times of its own, the library does not ask whether it was in force. */
function requireLogInForce({ sigstore }: Trust, keyId: Buffer, at: number): void {
  const inForce = sigstore.material.tlogs.some(
    ({ logID, validFor }) =>
      logID.equals(keyId) && validFor.start.getTime() <= at && at <= validFor.end.getTime(),
  );
  if (!inForce) throw new EvidenceFault('log-proof');
}

function certificateOf({ identity }: Signer, leaf: X509Certificate): SigningCertificate {
  const extensions = (identity?.oids ?? []).map(({ oid, value }) => ({
    oid: oid?.id.join('.') ?? '',
    value,
  }));
  return readSigningCertificate(extensions, leaf.validFromDate.getTime());
}
