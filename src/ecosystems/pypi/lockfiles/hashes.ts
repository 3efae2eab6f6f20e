import { type Digest, parseDigest } from '../../../model/digest.ts';
import { isObject, type JsonObject, own } from '../json.ts';

/** What the hashes of one entry come to. */
export interface Hashes {
  /** sha256 and sha512. */
  readonly digests: readonly Digest[];
  /** There are hashes of algorithms that are no declared digest. */
  readonly weak: boolean;
  /** There is something in the place of a hash that is none. */
  readonly unreadable: boolean;
}

export const NO_HASHES: Hashes = { digests: [], weak: false, unreadable: false };

/** Algorithms that Python's installers take (`hashlib.algorithms_guaranteed`), and that are no declared digest here. */
const OTHERS =
  /^(?:md5|sha1|sha224|sha384|blake2b|blake2s|sha3_224|sha3_256|sha3_384|sha3_512)[:=][0-9a-f]{32,128}$/i;

/** Reads `sha256:hex` of each; one that is missing (undefined, null) is no hash, and no fault. */
export function readHashes(texts: Iterable<unknown>): Hashes {
  const digests: Digest[] = [];
  let weak = false;
  let unreadable = false;
  for (const text of texts) {
    if (text === undefined || text === null) continue;
    const digest = typeof text === 'string' ? parseDigest(text) : null;
    if (digest) digests.push(digest);
    else if (typeof text === 'string' && OTHERS.test(text)) weak = true;
    else unreadable = true;
  }
  return { digests, weak, unreadable };
}

/** Where those of several files lie that have no digest, or one that is no declared digest beside it. */
export function unprovenOf(
  files: readonly JsonObject[],
  hashesOf: (file: JsonObject) => Iterable<unknown>,
  otherwise: unknown,
): unknown[] {
  return files.flatMap((file) => {
    const { digests, weak, unreadable } = readHashes(hashesOf(file));
    if (digests.length > 0 && !weak && !unreadable) return [];
    const address = own(file, 'url') ?? own(file, 'path') ?? otherwise;
    // By name, from whichever index is asked.
    return address === undefined || address === null ? [] : [address];
  });
}

/** Reads a table of algorithm → hex (PEP 751). */
export function* hashesOfTable(table: unknown): Generator<unknown> {
  if (table === undefined) return;
  // A hash that is none: it is noted.
  if (!isObject(table)) yield false;
  else
    for (const [algorithm, hex] of Object.entries(table)) {
      yield typeof hex === 'string' ? `${algorithm}:${hex}` : false;
    }
}
