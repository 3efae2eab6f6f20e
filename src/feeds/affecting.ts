import type { Advisory, AdvisoryRecord, AffectedRange } from '../model/advisory.ts';
import type { VersionScheme } from '../model/versions.ts';

/**
 * The advisories that reach one version (OSV schema, "evaluation"): named singly, or within a range. Each id once, in
 * the order of the records. `version` in normal form; somebody's own build of a version (PEP 440, "local version
 * identifiers": `1.0+cu118`) is reached by what reaches that.
 */
export function affecting(
  records: readonly AdvisoryRecord[],
  scheme: Pick<VersionScheme, 'compare'>,
  version: string,
): readonly Advisory[] {
  const found = new Map<string, Advisory>();
  const [bare = version] = version.split('+', 1);
  const forms = bare === version ? [version] : [version, bare];
  for (const { id, kind, severity, versions, ranges } of records) {
    const reached =
      versions.some((one) => forms.some((form) => one === form || scheme.compare(one, form) === 0)) ||
      ranges.some((range) => forms.some((form) => isWithin(range, scheme, form)));
    if (reached && !found.has(id)) found.set(id, { id, kind, severity });
  }
  return [...found.values()];
}

function isWithin(
  { introduced, fixed, lastAffected }: AffectedRange,
  { compare }: Pick<VersionScheme, 'compare'>,
  version: string,
): boolean {
  if (introduced !== null && compare(version, introduced) < 0) return false;
  if (fixed !== null && compare(version, fixed) >= 0) return false;
  return lastAffected === null || compare(version, lastAffected) <= 0;
}
