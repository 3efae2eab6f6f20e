import semver from 'semver';
import type { VersionRange, VersionScheme } from '../../model/versions.ts';
import { canonicalName } from './names.ts';

/** Also the limit of the semver library; checked first, so that no pattern ever sees a longer text. */
const MAX_VERSION = 256;
const MAX_RANGE = 2048;

const VERSION_SHAPE = /^[0-9][0-9A-Za-z.+-]*$/;
const RANGE_SHAPE = /^[\t\x20-\x7e]+$/;

/**
 * The normal form of a semver 2.0 version, or null. No leading `v`, `=` or blanks: what is written in a policy
 * or a path is the version or it is a mistake. Build metadata is dropped, as the registry does on publishing.
 */
export function parseVersion(raw: string): string | null {
  if (raw.length > MAX_VERSION || !VERSION_SHAPE.test(raw)) return null;
  return semver.parse(raw)?.version ?? null;
}

/**
 * A semver range as npm reads it, or null. An empty alternative (`""`, `>=4 ||`) is refused: npm reads it as
 * "any version", which nobody who wrote it in a policy meant.
 */
export function parseRange(text: string, options?: { prereleases: boolean }): VersionRange | null {
  if (text.length > MAX_RANGE || !RANGE_SHAPE.test(text)) return null;
  if (text.split('||').some((alternative) => alternative.trim() === '')) return null;
  try {
    const range = new semver.Range(text, { includePrerelease: options?.prereleases ?? false });
    return { text, has: (version) => version.length <= MAX_VERSION && range.test(version) };
  } catch {
    // The library throws on what is no range; null is this function's word for it.
    return null;
  }
}

/** npm names and semver 2.0, as far as policy needs them. */
export const npmVersions: VersionScheme = {
  ecosystem: 'npm',
  canonicalName,
  parseVersion,
  parseRange,
  compare: (a, b) => semver.compare(a, b),
  isPrerelease: (version) => (semver.parse(version)?.prerelease.length ?? 0) > 0,
  // `2.0.0-rc.1` is of line 2: it comes after every 1.x
  majorLine: (version) => String(semver.major(version)),
};
