import { X509Certificate } from 'node:crypto';
import {
  type CertificateAuthority,
  type TimeRange,
  type TransparencyLogInstance,
  TrustedRoot,
} from '@sigstore/protobuf-specs';
import { type TrustMaterial, toTrustMaterial } from '@sigstore/verify';
import { EvidenceFault } from '../fault.ts';
import { readStrictJson } from '../strict-json.ts';
import { TrustError } from '../trust-error.ts';
import { instancesOf } from './instance.ts';
import { saysAll } from './protobuf-json.ts';

/** A Sigstore trusted root, read and linted. */
export interface SigstoreRoot {
  /** What the library verifies with. It knows no key by hint: a caller adds that. */
  readonly material: TrustMaterial;
  /** Every certificate of its certificate authorities. */
  readonly authorities: readonly AuthorityCertificate[];
}

export interface AuthorityCertificate {
  readonly der: Uint8Array;
  /** It is its own issuer. */
  readonly isRoot: boolean;
}

const MEDIA_TYPES: ReadonlySet<string> = new Set([
  'application/vnd.dev.sigstore.trustedroot+json;version=0.1',
  'application/vnd.dev.sigstore.trustedroot+json;version=0.2',
  'application/vnd.dev.sigstore.trustedroot.v0.1+json',
  'application/vnd.dev.sigstore.trustedroot.v0.2+json',
]);

const LIMITS = { size: 1024 * 1024, depth: 16 };
const MAX_SERVICES = 64;
const MAX_CHAIN = 8;

/**
 * Reads a trusted root (protobuf JSON of sigstore_trustroot.proto) and refuses one that the library would take for
 * more than it says: to it, a service without the start of its validity is valid from ever. All services of a root
 * must be of one instance, so that production and staging are never mixed.
 * @throws TrustError
 */
export function readSigstoreRoot(bytes: Uint8Array): SigstoreRoot {
  const root = parse(bytes);
  if (!MEDIA_TYPES.has(root.mediaType)) throw fault(`its media type "${root.mediaType}" is not known`);
  lintCounts(root);
  for (const [kind, logs] of [
    ['transparency log', root.tlogs],
    ['certificate transparency log', root.ctlogs],
  ] as const)
    logs.forEach((log, index) => {
      lintLog(log, `${kind} ${index + 1}`);
    });
  for (const [kind, authorities] of [
    ['certificate authority', root.certificateAuthorities],
    ['timestamp authority', root.timestampAuthorities],
  ] as const)
    authorities.forEach((authority, index) => {
      lintAuthority(authority, `${kind} ${index + 1}`);
    });
  lintInstance(root);
  return {
    material: materialOf(root),
    authorities: root.certificateAuthorities.flatMap(certificatesOf).map((der) => {
      const { subject, issuer } = new X509Certificate(der);
      return { der, isRoot: subject === issuer };
    }),
  };
}

function parse(bytes: Uint8Array): TrustedRoot {
  try {
    const json = readStrictJson(bytes, LIMITS);
    const root = TrustedRoot.fromJSON(json);
    if (saysAll(json, TrustedRoot.toJSON(root))) return root;
  } catch (error) {
    throw fault(error instanceof EvidenceFault ? `it ${error.words}` : 'it cannot be read', error);
  }
  throw fault('it has members that are not known');
}

function lintCounts(root: TrustedRoot): void {
  const { tlogs, ctlogs, certificateAuthorities, timestampAuthorities } = root;
  for (const services of [tlogs, ctlogs, certificateAuthorities, timestampAuthorities])
    if (services.length > MAX_SERVICES) throw fault(`it has more than ${MAX_SERVICES} services of one kind`);
  if (tlogs.length === 0) throw fault('it has no transparency log');
  if (ctlogs.length === 0) throw fault('it has no certificate transparency log');
  if (certificateAuthorities.length === 0) throw fault('it has no certificate authority');
}

function lintLog(log: TransparencyLogInstance, which: string): void {
  if (log.baseUrl === '') throw fault(`${which} has no address`);
  if (log.publicKey?.rawBytes === undefined) throw fault(`${which} has no public key`);
  if (log.logId?.keyId.length !== 32) throw fault(`${which} has no id of 32 octets`);
  lintTimes(log.publicKey.validFor, which);
}

function lintAuthority(authority: CertificateAuthority, which: string): void {
  if (authority.uri === '') throw fault(`${which} has no address`);
  const chain = certificatesOf(authority);
  if (chain.length === 0 || chain.length > MAX_CHAIN)
    throw fault(`${which} does not have one to ${MAX_CHAIN} certificates`);
  lintTimes(authority.validFor, which);
  for (const certificate of chain) {
    try {
      new X509Certificate(certificate);
    } catch (error) {
      throw fault(`a certificate of ${which} cannot be read`, error);
    }
  }
}

function lintTimes(times: TimeRange | undefined, which: string): void {
  if (times?.start === undefined) throw fault(`${which} has no start of its validity`);
  for (const instant of [times.start, times.end])
    if (instant && Number.isNaN(instant.getTime())) throw fault(`${which} has a time that cannot be read`);
}

function lintInstance(root: TrustedRoot): void {
  const logs = [...root.tlogs, ...root.ctlogs].map((log) => log.baseUrl);
  const authorities = [...root.certificateAuthorities, ...root.timestampAuthorities].map(({ uri }) => uri);
  let instances: string[];
  try {
    instances = instancesOf([...logs, ...authorities]);
  } catch (error) {
    throw fault('it has an address that cannot be read', error);
  }
  if (instances.length > 1) throw fault(`it mixes services of ${instances.join(' and ')}`);
}

function materialOf(root: TrustedRoot): TrustMaterial {
  try {
    return toTrustMaterial(root, () => {
      throw new EvidenceFault('key-unknown');
    });
  } catch (error) {
    throw fault('a public key or certificate in it cannot be read', error);
  }
}

function certificatesOf(authority: CertificateAuthority): Uint8Array[] {
  return authority.certChain?.certificates.map((certificate) => certificate.rawBytes) ?? [];
}

function fault(words: string, cause?: unknown): TrustError {
  return new TrustError(`trust root: ${words}`, { cause });
}
