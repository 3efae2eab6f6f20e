import type { VersionScheme } from '../model/versions.ts';

/**
 * What an inspection found that an install of the artifact pulls in, in the canonical spelling of its own ecosystem: sorted by UTF-16 code
 * units, each once; null where it could not be read. What has no canonical spelling cannot be asked for here, and its
 * text goes nowhere.
 */
export function namesOf(
  { canonicalName }: Pick<VersionScheme, 'canonicalName'>,
  names: readonly string[] | null,
): readonly string[] | null {
  if (!names) return null;
  return sorted(names.map((name) => canonicalName(name)).filter((name) => name !== null));
}

/** The same bytes, inspected as two things: what either found. */
export function eitherList(
  a: readonly string[] | null,
  b: readonly string[] | null,
): readonly string[] | null {
  return a && b ? sorted([...a, ...b]) : (a ?? b);
}

/** By UTF-16 code units, which no locale changes; each once. */
function sorted(texts: readonly string[]): readonly string[] {
  return [...new Set(texts)].sort((a, b) => (a < b ? -1 : 1));
}
