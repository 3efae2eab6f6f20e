import { algorithmOf, type Digest } from '../model/digest.ts';
import type { ListedFile, Listing } from '../model/listing.ts';
import type { VersionScheme } from '../model/versions.ts';

/** Digests of a lockfile beside what an index declares for the version. */
export interface Compared {
  /** The files that the lockfile names by digest; all of the version where it has no digest that can be compared. */
  readonly files: readonly ListedFile[];
  /**
   * Digests of other versions of the same package, beside at least one of this version: pipenv locks those of its
   * prereleases, too. They are none of what is locked.
   */
  readonly strays: readonly Digest[];
  /** Digests of an algorithm that the index uses for this version, and that no file of the package has. */
  readonly undeclared: readonly Digest[];
  /** Digests of an algorithm that the index does not use for this version, beside ones that can be compared. */
  readonly unknown: readonly Digest[];
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

/** `single`: the digests are of one file, so that one of another version is a contradiction. */
export function compareLocked(
  listing: Pick<Listing, 'files'> | null,
  files: readonly ListedFile[],
  locked: readonly Digest[],
  single: boolean,
): Compared {
  const declared = new Set(files.flatMap(({ digests }) => digests));
  const algorithms = new Set([...declared].map(algorithmOf));
  const comparable = locked.filter((digest) => algorithms.has(algorithmOf(digest)));
  if (comparable.length === 0) return { files, strays: [], undeclared: [], unknown: [], compared: false };
  const foreign = comparable.filter((digest) => !declared.has(digest));
  const strays = single || foreign.length === comparable.length ? [] : strayed(listing, foreign);
  return {
    files: files.filter(({ digests }) => digests.some((digest) => comparable.includes(digest))),
    strays,
    undeclared: foreign.filter((digest) => !strays.includes(digest)),
    unknown: locked.filter((digest) => !comparable.includes(digest)),
    compared: true,
  };
}

/** Whether the lockfile lets a client take nothing but what the registry declares for the version, wherever it takes it. */
export function isConfirmed({ compared, strays, undeclared, unknown }: Compared): boolean {
  return compared && strays.length + undeclared.length + unknown.length === 0;
}

function strayed(listing: Pick<Listing, 'files'> | null, foreign: readonly Digest[]): Digest[] {
  if (listing === null || foreign.length === 0) return [];
  const known = new Set([...listing.files.values()].flatMap(({ digests }) => digests));
  return foreign.filter((digest) => known.has(digest));
}
