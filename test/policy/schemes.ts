import * as pep440 from '@renovatebot/pep440';
import semver from 'semver';
import type { PackageName } from '../../src/model/artifact.ts';
import type { VersionScheme } from '../../src/model/versions.ts';

/** Two small schemes, so that policy is tested without the ecosystems' own. */
export const npm: VersionScheme = {
  ecosystem: 'npm',
  canonicalName: (raw) =>
    raw.length <= 214 && /^(?:@[a-z0-9_~-][a-z0-9._~-]*\/)?[a-z0-9_~-][a-z0-9._~-]*$/i.test(raw)
      ? (raw as PackageName)
      : null,
  parseVersion: (raw) => semver.valid(raw),
  parseRange: (text, options) => {
    try {
      const range = new semver.Range(text, { includePrerelease: options?.prereleases ?? false });
      return { text, has: (version) => range.test(version) };
    } catch {
      return null;
    }
  },
  compare: (a, b) => semver.compare(a, b),
  isPrerelease: (version) => semver.prerelease(version) !== null,
  majorLine: (version) => String(semver.major(version)),
};

export const pypi: VersionScheme = {
  ecosystem: 'pypi',
  canonicalName: (raw) =>
    /^[a-z0-9](?:[a-z0-9._-]*[a-z0-9])?$/i.test(raw)
      ? (raw.toLowerCase().replace(/[-_.]+/g, '-') as PackageName)
      : null,
  parseVersion: (raw) => (pep440.valid(raw) ? (pep440.explain(raw)?.public ?? null) : null),
  parseRange: (text, options) =>
    pep440.validRange(text)
      ? {
          text,
          has: (version) => pep440.satisfies(version, text, { prereleases: options?.prereleases ?? false }),
        }
      : null,
  compare: (a, b) => pep440.compare(a, b),
  isPrerelease: (version) => /[a-z]/i.test(version),
  majorLine: (version) => /^(?:\d+!)?\d+/.exec(version)?.[0] ?? '',
};

export const SCHEMES: readonly VersionScheme[] = [npm, pypi];
