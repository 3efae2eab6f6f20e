import type { Advisory, AdvisoryRecord, AffectedRange } from '../model/advisory.ts';
import type { VersionScheme } from '../model/versions.ts';

/**
 * The advisories that reach one version (OSV schema, "evaluation"): named singly, or within a range. Each id once, in
 * the order of the records. `version` in normal form.
 */
export function affecting(
  records: readonly AdvisoryRecord[],
  scheme: Pick<VersionScheme, 'compare'>,
  version: string,
): readonly Advisory[] {
  const found = new Map<string, Advisory>();
  for (const { id, kind, severity, versions, ranges } of records) {
    const reached =
      versions.some((one) => one === version || scheme.compare(one, version) === 0) ||
      ranges.some((range) => isWithin(range, scheme, version));
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
