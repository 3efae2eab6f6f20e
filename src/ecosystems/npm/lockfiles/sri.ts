import { type Digest, digestsOfSri } from '../../../model/digest.ts';
import type { LockedPackage } from '../../lockfile.ts';

/** What an integrity text of a lockfile comes to. */
export interface Integrity {
  readonly digests: readonly Digest[];
  readonly undigested: LockedPackage['undigested'];
  /** There is a text, and it names no digest of any algorithm that lockfiles use. */
  readonly garbled: boolean;
}

export const NO_INTEGRITY: Integrity = { digests: [], undigested: 'none', garbled: false };

/** What yarn 1 wrote before it knew integrity: the sha1 behind the address. */
export const SHA1_ONLY: Integrity = { digests: [], undigested: 'weak', garbled: false };

/** A digest of an archive that is not the registry's file. */
export const OTHER_ARCHIVE: Integrity = { digests: [], undigested: 'of-another-archive', garbled: false };

const WEAK = /(?:^|\s)(?:sha1-[A-Za-z0-9+/]{27}=|md5-[A-Za-z0-9+/]{22}==)(?=\s|\?|$)/;

/** Reads Subresource Integrity (W3C SRI): sha512 and sha256 count, sha1 and md5 are known to be weak. */
export function readIntegrity(text: string | null): Integrity {
  if (text === null || text === '') return NO_INTEGRITY;
  const digests = digestsOfSri(text);
  if (digests.length > 0) return { digests: [...new Set(digests)].sort(), undigested: null, garbled: false };
  if (text.length <= 4096 && WEAK.test(text)) return SHA1_ONLY;
  return { ...NO_INTEGRITY, garbled: true };
}
