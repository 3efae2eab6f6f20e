import type { VersionScheme } from '../model/versions.ts';

/** A major from which on a number is a year: calendar versions promise nothing by their first number. */
const YEAR = 1900;

/**
 * A range that holds these versions of one package and, where a version promises compatibility, those that are
 * compatible with it and not lower. null where the ecosystem has no such range. Versions in normal form.
 */
export function rangeFor(scheme: VersionScheme, versions: readonly string[]): string | null {
  const sorted = [...new Set(versions)].sort((a, b) => scheme.compare(a, b));
  const wide = scheme.ecosystem === 'npm' ? npmRange(scheme, sorted) : pypiRange(scheme, sorted);
  // The last word is the policy's own reader's: what it does not hold would not be admitted.
  for (const text of [wide, scheme.ecosystem === 'npm' ? sorted.join(' || ') : pypiSpan(sorted)]) {
    if (text === null) continue;
    const range = scheme.parseRange(text);
    if (range && sorted.every((version) => range.has(version))) return text;
  }
  return null;
}

/** `^1.2.3 || ^2.0.0`: a caret for the lowest of each line of compatible versions; prereleases stand for themselves. */
function npmRange(scheme: VersionScheme, sorted: readonly string[]): string {
  const parts: string[] = [];
  const lines = new Set<string>();
  for (const version of sorted) {
    if (scheme.isPrerelease(version)) {
      parts.push(version);
      continue;
    }
    const line = caretLine(version);
    if (lines.has(line)) continue;
    lines.add(line);
    parts.push(`^${version}`);
  }
  return parts.join(' || ');
}

/** What a caret lets change is to the right of the first number that is not zero (semver, "caret ranges"). */
function caretLine(version: string): string {
  const [major = '', minor = '', patch = ''] = version.split('.');
  if (major !== '0') return major;
  return minor !== '0' ? `0.${minor}` : `0.0.${patch}`;
}

/** `>=1.2.3,<2` for one major line of plain releases; else exactly the one version, or null. */
function pypiRange(scheme: VersionScheme, sorted: readonly string[]): string | null {
  const [lowest] = sorted;
  if (lowest === undefined) return null;
  const majors = new Set(sorted.map((version) => scheme.majorLine(version)));
  const major = Number([...majors][0]);
  const plain = sorted.every((version) => /^\d+(\.\d+)*$/.test(version));
  if (majors.size === 1 && plain && major < YEAR) return `>=${lowest},<${major + 1}`;
  return sorted.length === 1 ? `==${lowest}` : null;
}

/**
 * PEP 440 has no "or": several versions that are no line are all from the lowest to the highest. Local words have no
 * order there, and whatever they say is held by the public version.
 */
function pypiSpan(sorted: readonly string[]): string | null {
  const [lowest, highest] = [sorted[0], sorted.at(-1)].map((version) => version?.replace(/\+.*$/, ''));
  return lowest === undefined || highest === undefined ? null : `>=${lowest},<=${highest}`;
}
