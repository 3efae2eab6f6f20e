import type { EcosystemId, PackageName } from '../model/artifact.ts';
import type { Digest } from '../model/digest.ts';

/*
 * What a lockfile says, in our own nouns. A lockfile is written by somebody's machine and read by ours: nothing of it
 * is believed but what its grammar carries, and no text of it is repeated beyond names, versions and addresses.
 */

/** Where a locked package comes from, as far as the lockfile tells. `registry`: by name, from whichever index is asked. */
export type LockedSource = 'registry' | 'url' | 'git' | 'file';

/** One version of one package that a lockfile pins. */
export interface LockedPackage {
  readonly ecosystem: EcosystemId;
  /** Canonical. */
  readonly name: PackageName;
  /** In the ecosystem's normal form. */
  readonly version: string;
  readonly source: LockedSource;
  /** The address from which it was resolved, whole and as written, where the lockfile has one. */
  readonly resolved: string | null;
  /**
   * Addresses from which a client takes a file that the lockfile has no digest of, though other entries of this version
   * may have one: whatever lies there is installed.
   */
  readonly unproven: readonly string[];
  /** sha256 and sha512 of the registry's own file or files. Empty where the lockfile has none that fits. */
  readonly digests: readonly Digest[];
  /** The digests are of one file (npm), not of several (PyPI). */
  readonly single: boolean;
  /** Why `digests` is empty; null where it is not. */
  readonly undigested: 'none' | 'weak' | 'of-another-archive' | null;
  /** The lockfile says that installing runs code of the package. */
  readonly installScripts: boolean;
  /** Line in the file, from 1; null where the format's reader has none. */
  readonly line: number | null;
}

/** An entry that cannot be pinned, or that someone should look at. `what` is in our own words. */
export interface LockfileNote {
  readonly line: number | null;
  readonly what: string;
  /** It is said for completeness: nothing was left out that a client would ask a registry for. */
  readonly harmless?: true;
}

export interface Lockfile {
  /** `package-lock v3`, `uv.lock`, `requirements` … */
  readonly format: string;
  readonly ecosystem: EcosystemId;
  /** Sorted by name, then by version; each version once, with the digests of all entries that lock it. */
  readonly packages: readonly LockedPackage[];
  readonly notes: readonly LockfileNote[];
}

/** A format of lockfile. Pure; bounds the length of its input. */
export interface LockfileFormat {
  readonly id: string;
  readonly ecosystem: EcosystemId;
  /** By the file's name alone, without its folder: `package-lock.json`. */
  claims(filename: string): boolean;
  /** @throws LockfileUnreadable */
  read(text: string): Lockfile;
}

/** The text is not a lockfile of its format, or says two things at once. */
export class LockfileUnreadable extends Error {
  override readonly name = 'LockfileUnreadable';
  /** From 1; null where the place is not known. */
  readonly line: number | null;
  constructor(message: string, line: number | null = null) {
    super(message);
    this.line = line;
  }
}
