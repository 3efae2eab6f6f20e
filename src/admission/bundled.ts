import type { Bundled } from '../model/bundled.ts';
import type { VersionScheme } from '../model/versions.ts';
import type { BundledClaims } from '../verify/verify.ts';

/**
 * What an inspection found inside an artifact, as entries name it: in the canonical spelling of the artifact's own
 * ecosystem. What has none there is counted; its text goes nowhere.
 */
export function bundledOf(
  { canonicalName, parseVersion }: Pick<VersionScheme, 'canonicalName' | 'parseVersion'>,
  { claims, unnamed }: BundledClaims,
): Bundled {
  const packages = new Set<string>();
  let nameless = unnamed;
  for (const claim of claims) {
    const [name, version] = [canonicalName(claim.name), parseVersion(claim.version)];
    if (name === null || version === null) nameless += 1;
    else packages.add(`${name}@${version}`);
  }
  return { packages: sorted(packages), unnamed: nameless };
}

/** The same bytes, inspected as two things: what either found lies in them. */
export function eitherBundled(a: Bundled, b: Bundled | null): Bundled {
  if (!b) return a;
  return {
    packages: sorted(new Set([...a.packages, ...b.packages])),
    unnamed: Math.max(a.unnamed, b.unnamed),
  };
}

/** By UTF-16 code units, which no locale changes. */
function sorted(packages: ReadonlySet<string>): readonly string[] {
  return [...packages].sort((a, b) => (a < b ? -1 : 1));
}
