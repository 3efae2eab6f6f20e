import type { Ecosystem } from '../ecosystems/ecosystem.ts';
import { type Digest, sha256 } from '../model/digest.ts';
import type { PackageFacts } from '../model/facts.ts';
import type { Finding } from '../model/finding.ts';
import { differingFields } from '../model/install-manifest.ts';
import type { ListedFile, Listing } from '../model/listing.ts';

/*
 * What an index says of an artifact beside what its bytes say of themselves. What is remembered of bytes never depends on
 * an index: it is the digest of a wheel's METADATA, and of a tarball's manifest in its one form (`installManifestOf`). An
 * index can say other things any day, so the two are compared whenever something is decided: when the bytes come, for
 * each later request, and for each listing.
 */

type Claimed = Pick<ListedFile, 'kind' | 'metadataDigest'>;

/**
 * A listed file with the digest of all that its index says of it: a wheel's is declared (PEP 658), a tarball's is made here
 * of the claims themselves. `manifest`: their text, where there is one.
 */
export function withClaims(
  ecosystem: Pick<Ecosystem, 'claimedManifest'>,
  listing: Listing,
  file: ListedFile,
): { readonly file: ListedFile; readonly manifest: string | null } {
  const manifest = ecosystem.claimedManifest(listing, file.filename);
  if (manifest === null) return { file, manifest };
  return { file: { ...file, metadataDigest: digestOfManifest(manifest) }, manifest };
}

/** What is remembered of a manifest, and compared. */
export function digestOfManifest(manifest: string): Digest {
  return sha256(Buffer.from(manifest, 'utf8'));
}

/** Whether the index says what the bytes say, whose digest `seen` (sha256 hex) is. An index that says nothing agrees. */
export function agrees({ metadataDigest }: Claimed, seen: string | null): boolean {
  return metadataDigest === null || metadataDigest === `sha256:${seen}`;
}

/** `places`: where the two differ, as far as anybody knows. */
export function withDisagreement(
  findings: readonly Finding[],
  { kind }: Claimed,
  places: readonly string[] = [],
): readonly Finding[] {
  const known = places.length > 0 ? places : [kind === 'wheel' ? 'METADATA' : 'package.json'];
  return [...findings, ...known.map((place): Finding => ({ code: 'METADATA_MISMATCH', place }))];
}

/** The same of facts, where anything is known of the bytes at all. */
export function factsHeldToIndex<
  F extends { readonly findings: readonly Finding[] | null; readonly metadata: string | null },
>(facts: F, file: Claimed): F {
  const { findings, metadata } = facts;
  if (metadata === null || agrees(file, metadata)) return facts;
  return { ...facts, findings: withDisagreement(findings ?? [], file) };
}

/** The facts of all files of a listing, each held to what the listing says of it. */
export function allHeldToIndex(
  ecosystem: Pick<Ecosystem, 'claimedManifest'>,
  listing: Listing,
  facts: PackageFacts,
): PackageFacts {
  const held = new Map(facts);
  for (const [filename, known] of facts) {
    const file = known.metadata === null ? undefined : listing.files.get(filename);
    if (file) held.set(filename, factsHeldToIndex(known, withClaims(ecosystem, listing, file).file));
  }
  return held;
}

/** Where a tarball and its index differ, by fields: for people. Nothing where one of the two is not at hand. */
export function placesOfDifference(claimed: string | null, seen: string | null): readonly string[] {
  if (claimed === null || seen === null) return [];
  return differingFields(claimed, seen).map((field) => `package.json#${field}`);
}
