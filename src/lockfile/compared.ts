import { algorithmOf, type Digest } from '../model/digest.ts';
import type { ListedFile, Listing } from '../model/listing.ts';
import type { VersionScheme } from '../model/versions.ts';

/** Digests of a lockfile beside what an index declares for the version. */
export interface Compared {
  /** The files that the lockfile names by digest; all of the version where it has no digest that can be compared. */
  readonly files: readonly ListedFile[];
  /** Digests of an algorithm that the index uses for this version, and that none of its files has. */
  readonly undeclared: readonly Digest[];
  /** At least one digest of the lockfile is of an algorithm that the index uses for this version. */
  readonly compared: boolean;
}

/** The files of a version, in whichever normal form the index has it: to PEP 440 `1.0` and `1.0.0` are one version. */
export function filesOf(
  listing: Listing,
  { compare }: Pick<VersionScheme, 'compare'>,
  version: string,
): ListedFile[] {
  const all = [...listing.files.values()];
  const exact = all.filter((file) => file.version === version);
  return exact.length > 0 ? exact : all.filter((file) => compare(file.version, version) === 0);
}

export function compareLocked(files: readonly ListedFile[], locked: readonly Digest[]): Compared {
  const declared = new Set(files.flatMap(({ digests }) => digests));
  const algorithms = new Set([...declared].map(algorithmOf));
  const comparable = locked.filter((digest) => algorithms.has(algorithmOf(digest)));
  if (comparable.length === 0) return { files, undeclared: [], compared: false };
  return {
    files: files.filter(({ digests }) => digests.some((digest) => comparable.includes(digest))),
    undeclared: comparable.filter((digest) => !declared.has(digest)),
    compared: true,
  };
}
