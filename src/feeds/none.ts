import type { PackageAdvisories } from '../model/advisory.ts';
import { sha256 } from '../model/digest.ts';

/** What a house without a feed knows of any package: nothing. */
export const NO_ADVISORIES: PackageAdvisories = { feed: null, digest: sha256('[]'), records: [] };
