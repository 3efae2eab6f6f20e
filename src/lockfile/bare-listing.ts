import { type Digest, sha256 } from '../model/digest.ts';
import { NO_LISTED_EVIDENCE } from '../model/evidence.ts';
import type { ListedFile, Listing } from '../model/listing.ts';
import type { WrittenPin } from './pinned.ts';

/** A version of which only a lockfile speaks, as an index would list it: with its digests, and nothing else said. */
export function bareListing({ ecosystem, name, version, digests }: WrittenPin): {
  readonly listing: Listing;
  readonly files: readonly ListedFile[];
} {
  const file: ListedFile = {
    filename: '',
    version,
    kind: ecosystem === 'npm' ? 'npm-tarball' : 'wheel',
    url: '',
    digests,
    size: null,
    claimedAt: null,
    yanked: false,
    metadataDigest: null,
    installScripts: false,
    directUrls: false,
    evidence: NO_LISTED_EVIDENCE,
    licence: null,
  };
  const digest: Digest = sha256('');
  const files = new Map([[file.filename, file]]);
  return { listing: { ecosystem, name, digest, quarantined: false, files, document: null }, files: [file] };
}
