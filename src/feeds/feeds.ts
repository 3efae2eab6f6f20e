import type { PackageAdvisories } from '../model/advisory.ts';
import type { PackageId } from '../model/artifact.ts';

/** The advisories that are in force, by package. Synchronous and quick: every request asks. */
export interface Advisories {
  /**
   * What the feed has on a package. Says the newest feed that was put in place, so that a record counts from the next
   * request on. Throws where there is a feed that cannot be read: then nothing is known, and nothing is served.
   */
  of(id: PackageId): PackageAdvisories;
}
