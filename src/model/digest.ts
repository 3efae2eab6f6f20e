import { createHash } from 'node:crypto';
import ssri from 'ssri';

/** The algorithms that count as a declared digest; sha1 and md5 do not. */
export type DigestAlgorithm = 'sha256' | 'sha512';

/** A digest of bytes, lower-case hex: `sha256:9f86…`. The one spelling in policy, ledger and vault. */
export type Digest = `${DigestAlgorithm}:${string}`;

const HEX_LENGTH: Record<DigestAlgorithm, number> = { sha256: 64, sha512: 128 };

/** Reads `sha256:hex` or `sha512:hex` (any hex case), or null where it is neither. */
export function parseDigest(text: string): Digest | null {
  const match = /^(sha256|sha512)[:=]([0-9a-fA-F]+)$/.exec(text);
  if (!match) return null;
  const [, algorithm, hex] = match as unknown as [string, DigestAlgorithm, string];
  return hex.length === HEX_LENGTH[algorithm] ? `${algorithm}:${hex.toLowerCase()}` : null;
}

/** Every sha512 and sha256 in a Subresource Integrity string (W3C SRI); empty where there is none. */
export function digestsOfSri(text: string): Digest[] {
  if (text.length > 4096) return [];
  const hashes = ssri.parse(text) as unknown as Record<string, { hexDigest(): string }[]> | null;
  const found: Digest[] = [];
  for (const algorithm of ['sha512', 'sha256'] as const) {
    for (const hash of hashes?.[algorithm] ?? []) {
      const digest = parseDigest(`${algorithm}:${hash.hexDigest()}`);
      if (digest) found.push(digest);
    }
  }
  return found;
}

/** A digest as Subresource Integrity: `sha512-base64`. */
export function sriOf(digest: Digest): string {
  return `${algorithmOf(digest)}-${Buffer.from(hexOf(digest), 'hex').toString('base64')}`;
}

export function algorithmOf(digest: Digest): DigestAlgorithm {
  return digest.slice(0, 6) as DigestAlgorithm;
}

export function hexOf(digest: Digest): string {
  return digest.slice(7);
}

/** The sha256 of bytes or of a UTF-8 text. */
export function sha256(bytes: Uint8Array | string): Digest {
  return `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
}

/** Both digests of one artifact's bytes, as we computed them. */
export interface ArtifactDigests {
  readonly sha256: Digest;
  readonly sha512: Digest;
}
