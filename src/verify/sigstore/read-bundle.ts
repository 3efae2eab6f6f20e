import {
  BUNDLE_V01_MEDIA_TYPE,
  BUNDLE_V02_MEDIA_TYPE,
  BUNDLE_V03_LEGACY_MEDIA_TYPE,
  BUNDLE_V03_MEDIA_TYPE,
  type Bundle,
  bundleFromJSON,
  bundleToJSON,
  ValidationError,
} from '@sigstore/bundle';
import type { InclusionProof, X509Certificate } from '@sigstore/protobuf-specs';
import type { Cause } from '../../model/evidence.ts';
import { EvidenceFault } from '../fault.ts';
import { isModest, saysAll } from './protobuf-json.ts';

const V03: ReadonlySet<string> = new Set([BUNDLE_V03_LEGACY_MEDIA_TYPE, BUNDLE_V03_MEDIA_TYPE]);
const MEDIA_TYPES: ReadonlySet<string> = new Set([BUNDLE_V01_MEDIA_TYPE, BUNDLE_V02_MEDIA_TYPE, ...V03]);

/** More than any client writes. The library compares each with each. */
const MAX_ENTRIES = 4;
const MAX_TIMESTAMPS = 4;
const MAX_CERTIFICATES = 4;
const MAX_HASHES = 64;
/** Octets of a certificate or a timestamp. The library's time for an object identifier goes by the square of its length. */
const MAX_DER = 16 * 1024;
/** Of a checkpoint: the log signs a line, and witnesses may. The library verifies every line that names the log's key. */
const MAX_CHECKPOINT = { length: 8 * 1024, lines: 32 };

/**
 * Reads a Sigstore bundle (sigstore_bundle.proto in protobuf JSON) and refuses what the library would read as
 * something else than it says. `json` is what `readStrictJson` has read.
 * @throws EvidenceFault `media-type`, `malformed`, `signature-count`, `log-proof`, `certificate`
 */
export function readBundle(json: unknown): Bundle {
  if (typeof json !== 'object' || json === null || !('mediaType' in json))
    throw new EvidenceFault('malformed');
  if (typeof json.mediaType !== 'string' || !MEDIA_TYPES.has(json.mediaType))
    throw new EvidenceFault('media-type');
  const bundle = parse(json);
  const { content, tlogEntries, timestampVerificationData } = bundle.verificationMaterial;
  // The library knows only that a bundle of the third version has no chain.
  if (content.$case === 'certificate' && !V03.has(bundle.mediaType)) throw new EvidenceFault('malformed');
  const certificates = certificatesOf(bundle);
  const timestamps = timestampVerificationData?.rfc3161Timestamps ?? [];
  if (tlogEntries.length === 0) throw new EvidenceFault('log-proof');
  if (
    tlogEntries.length > MAX_ENTRIES ||
    tlogEntries.some(({ inclusionProof }) => inclusionProof && isLong(inclusionProof)) ||
    timestamps.length > MAX_TIMESTAMPS ||
    timestamps.some(({ signedTimestamp }) => signedTimestamp.length > MAX_DER) ||
    certificates.length > MAX_CERTIFICATES ||
    certificates.some(({ rawBytes }) => rawBytes.length > MAX_DER)
  )
    throw new EvidenceFault('malformed');
  return bundle;
}

/** The certificate that signed, and what stands with it; none where a key signed. */
export function certificatesOf({ verificationMaterial: { content } }: Bundle): readonly X509Certificate[] {
  switch (content.$case) {
    case 'publicKey':
      return [];
    case 'certificate':
      return [content.certificate];
    case 'x509CertificateChain':
      return content.x509CertificateChain.certificates;
  }
}

function isLong({ hashes, checkpoint }: InclusionProof): boolean {
  const envelope = checkpoint?.envelope ?? '';
  return (
    hashes.length > MAX_HASHES ||
    envelope.length > MAX_CHECKPOINT.length ||
    envelope.split('\n').length > MAX_CHECKPOINT.lines
  );
}

function parse(json: unknown): Bundle {
  if (!isModest(json, MAX_HASHES)) throw new EvidenceFault('malformed');
  let bundle: Bundle;
  try {
    bundle = bundleFromJSON(json);
  } catch (error) {
    throw new EvidenceFault(error instanceof ValidationError ? causeOf(error.fields) : 'malformed');
  }
  if (!saysAll(json, bundleToJSON(bundle))) throw new EvidenceFault('malformed');
  return bundle;
}

/** What the library's own checks of a bundle's shape found, by the members that they name. */
function causeOf(fields: readonly string[]): Cause {
  if (fields.includes('content.dsseEnvelope.signatures')) return 'signature-count';
  if (fields.some((field) => /\.inclusion(Proof|Promise)\b/.test(field))) return 'log-proof';
  if (fields.some((field) => /\.(certificate|x509CertificateChain)\b/.test(field))) return 'certificate';
  return 'malformed';
}
