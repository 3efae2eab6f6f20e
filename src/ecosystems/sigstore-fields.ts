import { z } from 'zod';

/**
 * The fields of Sigstore's documents that are passed on, each with the grammar of its value: what is served as
 * evidence has no other field and no sentence in it. Keys that are not named here are left out by zod; a value that
 * does not fit makes the document unreadable. Names are those of protobuf JSON.
 * Source: sigstore_bundle.proto, sigstore_common.proto and sigstore_rekor.proto, bundle formats 0.1 to 0.3.
 */

/**
 * `bytes`: base64. Line breaks, which some indexes left in it, are taken out first: a grammar with them in it could be
 * tried from each of a million of them.
 */
export const bytes = z
  .string()
  .transform((text) => text.replace(/[\r\n]/g, ''))
  .pipe(z.string().regex(/^[A-Za-z0-9+/_-]*={0,2}$/));

/** `int64`: protobuf writes a text, some writers a number. */
const int64 = z.union([z.string().regex(/^\d{1,19}$/), z.int().nonnegative()]);

const keyId = z.string().regex(/^(?:SHA256:)?[A-Za-z0-9+/]{1,86}={0,2}$/);

/** A C2SP checkpoint: origin, size, root hash, the time that Rekor once added, and the signatures as note lines. */
const checkpoint = z
  .string()
  .regex(
    /^[\w./:-]{1,128}(?: - \d{1,20})?\n\d{1,20}\n[A-Za-z0-9+/]{43}=\n(?:Timestamp: \d{1,20}\n)?\n(?:— [\w./:-]{1,128} [A-Za-z0-9+/]{1,512}={0,2}\n){1,16}$/,
  );

/** `TransparencyLogEntry`; PEP 740's `transparency_entries` are the same. */
export const logEntry = z.object({
  logIndex: int64.nullish(),
  logId: z.object({ keyId: bytes }),
  kindVersion: z.object({
    kind: z.enum(['dsse', 'intoto', 'hashedrekord']),
    version: z.string().regex(/^\d{1,3}\.\d{1,3}\.\d{1,3}$/),
  }),
  integratedTime: int64.nullish(),
  inclusionPromise: z.object({ signedEntryTimestamp: bytes }).nullish(),
  inclusionProof: z
    .object({
      logIndex: int64.nullish(),
      rootHash: bytes,
      treeSize: int64,
      hashes: z.array(bytes).nullish(),
      checkpoint: z.object({ envelope: checkpoint }).nullish(),
    })
    .nullish(),
  canonicalizedBody: bytes,
});

const certificate = z.object({ rawBytes: bytes });

const verificationMaterial = z.object({
  publicKey: z.object({ hint: keyId }).nullish(),
  x509CertificateChain: z.object({ certificates: z.array(certificate) }).nullish(),
  certificate: certificate.nullish(),
  tlogEntries: z.array(logEntry).nullish(),
  timestampVerificationData: z
    .object({ rfc3161Timestamps: z.array(z.object({ signedTimestamp: bytes })).nullish() })
    .nullish(),
});

const dsseEnvelope = z.object({
  payload: bytes,
  payloadType: z.literal('application/vnd.in-toto+json'),
  // an empty key id says that a certificate signed
  signatures: z.array(z.object({ sig: bytes, keyid: keyId.or(z.literal('')).nullish() })),
});

/** `Bundle` with an in-toto statement in it. */
export const bundle = z.object({
  mediaType: z.enum([
    'application/vnd.dev.sigstore.bundle+json;version=0.1',
    'application/vnd.dev.sigstore.bundle+json;version=0.2',
    'application/vnd.dev.sigstore.bundle+json;version=0.3',
    'application/vnd.dev.sigstore.bundle.v0.3+json',
  ]),
  verificationMaterial,
  dsseEnvelope,
});
