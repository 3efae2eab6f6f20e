import type { ArtifactKind } from '../model/artifact.ts';
import type { Finding } from '../model/finding.ts';

/** Bytes that can be read at any place; what zip needs. `read` gives exactly `length` bytes or throws. */
export interface ByteSource {
  readonly size: number;
  read(offset: number, length: number): Promise<Uint8Array>;
}

/** Bounds of an inspection. Beyond any of them the archive is ARCHIVE_UNSAFE. */
export interface InspectionLimits {
  /** Unpacked bytes in all. */
  readonly maxUnpacked: number;
  /** Unpacked to packed bytes. */
  readonly maxRatio: number;
  readonly maxEntries: number;
  /** Bytes of one document that is read whole (package.json, METADATA). */
  readonly maxDocument: number;
  readonly maxPath: number;
}

export const INSPECTION_LIMITS: InspectionLimits = {
  maxUnpacked: 4 * 1024 ** 3,
  maxRatio: 200,
  maxEntries: 200_000,
  maxDocument: 4 * 1024 ** 2,
  maxPath: 1024,
};

/** What the archive must agree with: the index's claims. */
export interface Expected {
  readonly kind: ArtifactKind;
  readonly name: string;
  readonly version: string;
  readonly filename: string;
  /** The host (lower case, with a port that is not the scheme's own) that the index says the file lies on. */
  readonly host?: string;
}

/** A package inside an archive, as it names itself: of no grammar yet, at most 256 characters each. */
export interface BundledClaim {
  readonly name: string;
  readonly version: string;
}

export interface BundledClaims {
  /** Each once, at most `MAX_BUNDLED`. */
  readonly claims: readonly BundledClaim[];
  /** How many more lie there: that do not name themselves, or were too many. */
  readonly unnamed: number;
}

/** What an inspection saw. An inspection never throws on bytes: unreadable bytes are a finding. */
export interface Inspection {
  readonly findings: readonly Finding[];
  /** METADATA of a wheel, PKG-INFO of an sdist, package.json of an npm tarball: the exact bytes. */
  readonly metadata: Uint8Array | null;
  /** npm: the package.json in the form in which it is compared with the index (`installManifestOf`); null where unread. */
  readonly manifest: string | null;
  /** The licence that the metadata declares: see model/licence.ts; null where it declares none. */
  readonly licence: string | null;
  /**
   * Packages that are installed with this one: those under `node_modules` of an npm tarball, and distributions with
   * metadata of their own inside a wheel or a source distribution.
   */
  readonly bundled: BundledClaims;
  /**
   * Names of packages that an install of it pulls in, real ones behind aliases, as the metadata spells them: at most
   * `MAX_DEPENDENCIES`. null where they could not be read, or are more.
   */
  readonly dependencies: readonly string[] | null;
  /** Where its files land: of a wheel the importable names at the top and its scripts. Empty for other kinds. */
  readonly places: readonly string[];
}

/** Packages that mean what they say have some hundreds of dependencies at most. */
export const MAX_DEPENDENCIES = 5_000;
