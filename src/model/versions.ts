import type { EcosystemId, PackageName } from './artifact.ts';

/** A set of versions, parsed once. `has` never throws. */
export interface VersionRange {
  readonly text: string;
  has(version: string): boolean;
}

/**
 * How an ecosystem spells names and orders versions. This is all that policy knows of an ecosystem.
 * Every function bounds the length of its input before it parses.
 */
export interface VersionScheme {
  readonly ecosystem: EcosystemId;
  /** The canonical spelling of a name, or null where it is no valid name. */
  canonicalName(raw: string): PackageName | null;
  /** The normal form of a version (semver 2.0, PEP 440), or null where it is none. */
  parseVersion(raw: string): string | null;
  /**
   * A semver range or PEP 440 specifier set, or null where it does not parse. `prereleases: true` counts
   * them in even where the ecosystem's own rule leaves them out: a deny must reach them.
   */
  parseRange(text: string, options?: { prereleases: boolean }): VersionRange | null;
  /** Orders two normal forms: negative, zero or positive. */
  compare(a: string, b: string): number;
  isPrerelease(version: string): boolean;
  /**
   * The major line of a version, in which versions promise to be compatible: `1`, PEP 440 `1!2`. Lines do not
   * interleave in the order of `compare`. Throws on what is no version: it must not be a line without a past.
   */
  majorLine(version: string): string;
}
