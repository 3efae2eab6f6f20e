import { createHash, createPublicKey, generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import type { LogBody, LogEntry } from './sigstore-log.ts';

export const IN_TOTO = 'application/vnd.in-toto+json';

/** Kinds of log entries for DSSE envelopes: the first two of Rekor's version 1, the others of version 2. */
export type EntryKind = 'dsse' | 'intoto' | 'hashedrekord-v2' | 'dsse-v2';

export interface Statement {
  _type: string;
  subject: { name: string; digest: Record<string, string> }[];
  predicateType: string;
  predicate: unknown;
}

/** A key pair that signs, and how it is told: by a certificate's DER or a key's hint. */
export interface SealingKey {
  readonly privateKey: KeyObject;
  readonly spki: Buffer;
}

export function makeKey(): SealingKey {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  return { privateKey, spki: publicKey.export({ format: 'der', type: 'spki' }) };
}

/** A DSSE envelope with one signature. */
export interface Envelope {
  readonly payload: Buffer;
  readonly payloadType: string;
  readonly signature: Buffer;
}

/** Signs by DSSE's pre-authentication encoding (secure-systems-lab/dsse, protocol.md). */
export function signEnvelope(payload: Buffer, payloadType: string, key: SealingKey): Envelope {
  const encoding = preAuthEncoding(payload, payloadType);
  return { payload, payloadType, signature: sign('sha256', encoding, key.privateKey) };
}

function preAuthEncoding(payload: Buffer, payloadType: string): Buffer {
  return Buffer.concat([
    Buffer.from(`DSSEv1 ${Buffer.byteLength(payloadType)} ${payloadType} ${payload.length} `),
    payload,
  ]);
}

/** What a log records of an envelope: its canonical body, not the request for it. `verifier` is a certificate or a key. */
export function logBody(
  kind: EntryKind,
  envelope: Envelope,
  verifier: { readonly certificate: Buffer } | { readonly spki: Buffer; readonly hint: string },
): LogBody {
  const payloadHash = { algorithm: 'sha256', value: hex(envelope.payload) };
  const signature = envelope.signature.toString('base64');
  switch (kind) {
    case 'dsse':
      return {
        kind: 'dsse',
        apiVersion: '0.0.1',
        spec: {
          envelopeHash: { algorithm: 'sha256', value: hex(Buffer.from(JSON.stringify(dsse(envelope)))) },
          payloadHash,
          signatures: [{ signature, verifier: Buffer.from(pemOf(verifier)).toString('base64') }],
        },
      };
    case 'intoto':
      return {
        kind: 'intoto',
        apiVersion: '0.0.2',
        spec: {
          content: {
            envelope: {
              payloadType: envelope.payloadType,
              signatures: [
                {
                  ...('hint' in verifier && { keyid: verifier.hint }),
                  publicKey: Buffer.from(pemOf(verifier)).toString('base64'),
                  sig: Buffer.from(signature).toString('base64'),
                },
              ],
            },
            hash: { algorithm: 'sha256', value: hex(Buffer.from(JSON.stringify(dsse(envelope)))) },
            payloadHash,
          },
        },
      };
    case 'hashedrekord-v2':
      return {
        kind: 'hashedrekord',
        apiVersion: '0.0.2',
        spec: {
          hashedRekordV002: {
            data: {
              algorithm: 'SHA2_256',
              digest: digest(preAuthEncoding(envelope.payload, envelope.payloadType)),
            },
            signature: { content: signature, verifier: verifierV2(verifier) },
          },
        },
      };
    case 'dsse-v2':
      return {
        kind: 'dsse',
        apiVersion: '0.0.2',
        spec: {
          dsseV002: {
            payloadHash: { algorithm: 'SHA2_256', digest: digest(envelope.payload) },
            signatures: [{ content: signature, verifier: verifierV2(verifier) }],
          },
        },
      };
  }
}

/** All that a verifier needs of one signed statement. */
export interface Sealed {
  readonly envelope: Envelope;
  /** Leaf first; empty where a registry's key signed. */
  readonly certificates: readonly Buffer[];
  /** The hint of a registry's key; null where a certificate tells the key. */
  readonly hint: string | null;
  readonly entry: LogEntry;
  /** RFC 3161 answers, DER. */
  readonly timestamps: readonly Buffer[];
}

/** A Sigstore bundle in protobuf JSON, as far as it is minted. */
export interface BundleJson {
  mediaType: string;
  verificationMaterial: {
    publicKey?: { hint: string };
    x509CertificateChain?: { certificates: { rawBytes: string }[] };
    certificate?: { rawBytes: string };
    tlogEntries: LogEntry[];
    timestampVerificationData?: { rfc3161Timestamps: { signedTimestamp: string }[] };
  };
  dsseEnvelope: { payload: string; payloadType: string; signatures: { sig: string; keyid: string }[] };
}

export type BundleVersion = 'v0.1' | 'v0.2' | 'v0.3';

const MEDIA_TYPES: Record<BundleVersion, string> = {
  'v0.1': 'application/vnd.dev.sigstore.bundle+json;version=0.1',
  'v0.2': 'application/vnd.dev.sigstore.bundle+json;version=0.2',
  'v0.3': 'application/vnd.dev.sigstore.bundle.v0.3+json',
};

export function bundleOf(sealed: Sealed, version: BundleVersion): BundleJson {
  const certificates = sealed.certificates.map((der) => ({ rawBytes: der.toString('base64') }));
  const [leaf] = certificates;
  return {
    mediaType: MEDIA_TYPES[version],
    verificationMaterial: {
      ...(sealed.hint !== null
        ? { publicKey: { hint: sealed.hint } }
        : leaf && version === 'v0.3'
          ? { certificate: leaf }
          : { x509CertificateChain: { certificates } }),
      tlogEntries: [sealed.entry],
      timestampVerificationData: {
        rfc3161Timestamps: sealed.timestamps.map((der) => ({ signedTimestamp: der.toString('base64') })),
      },
    },
    dsseEnvelope: dsse(sealed.envelope, sealed.hint ?? ''),
  };
}

/** An attestation object of PEP 740. */
export interface Pep740Attestation {
  version: number;
  verification_material: { certificate: string; transparency_entries: LogEntry[] };
  envelope: { statement: string; signature: string };
}

export function pep740Of({ envelope, certificates, entry }: Sealed): Pep740Attestation {
  return {
    version: 1,
    verification_material: {
      certificate: (certificates[0] ?? Buffer.alloc(0)).toString('base64'),
      transparency_entries: [entry],
    },
    envelope: {
      statement: envelope.payload.toString('base64'),
      signature: envelope.signature.toString('base64'),
    },
  };
}

function dsse(envelope: Envelope, keyid = ''): BundleJson['dsseEnvelope'] {
  return {
    payload: envelope.payload.toString('base64'),
    payloadType: envelope.payloadType,
    signatures: [{ sig: envelope.signature.toString('base64'), keyid }],
  };
}

function pemOf(verifier: { readonly certificate: Buffer } | { readonly spki: Buffer }): string {
  if ('spki' in verifier) {
    return createPublicKey({ key: verifier.spki, format: 'der', type: 'spki' })
      .export({ format: 'pem', type: 'spki' })
      .toString();
  }
  const lines = verifier.certificate.toString('base64').match(/.{1,64}/g) ?? [];
  return `-----BEGIN CERTIFICATE-----\n${lines.join('\n')}\n-----END CERTIFICATE-----\n`;
}

function verifierV2(verifier: { readonly certificate: Buffer } | { readonly spki: Buffer }): object {
  return {
    keyDetails: 'PKIX_ECDSA_P256_SHA_256',
    ...('spki' in verifier
      ? { publicKey: { rawBytes: verifier.spki.toString('base64') } }
      : { x509Certificate: { rawBytes: verifier.certificate.toString('base64') } }),
  };
}

function hex(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

function digest(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('base64');
}
