import semver from 'semver';
import { record } from './json.ts';
import type { Release } from './release.ts';

/**
 * Points every tag at a version that may be served. A tag whose version may not goes to the highest admitted
 * stable version at or below it, never to a prerelease; where there is none it is dropped. `latest` always
 * exists while anything is admitted, because pnpm and yarn 4 fail without it: failing all else it takes the highest
 * admitted stable version, and only then a prerelease.
 *
 * @param releases in ascending order; `admitted[i]` says whether `releases[i]` is served.
 */
export function repointTags(
  tags: ReadonlyMap<string, string>,
  releases: readonly Release[],
  admitted: readonly boolean[],
): Record<string, string> {
  const positions = new Map(releases.map((release, i) => [release.version, i]));
  const { stableUpTo, highestStable, highest } = survey(releases, admitted);
  const pointed = record<string>();
  for (const [tag, version] of tags) {
    const exact = positions.get(version);
    const target =
      exact !== undefined && admitted[exact] === true
        ? releases[exact]
        : releases[stableUpTo[exact ?? lastBelow(releases, version)] ?? -1];
    if (target) pointed[tag] = target.version;
  }
  if (!Object.hasOwn(pointed, 'latest')) {
    const latest = highestStable ?? highest;
    if (latest) pointed['latest'] = latest.version;
  }
  return pointed;
}

/** For each place, where the highest admitted stable release at or before it stands; -1 for nowhere. */
function survey(releases: readonly Release[], admitted: readonly boolean[]) {
  const stableUpTo: number[] = [];
  let stable = -1;
  let any = -1;
  for (const [i, release] of releases.entries()) {
    if (admitted[i] === true) {
      any = i;
      if (!release.prerelease) stable = i;
    }
    stableUpTo.push(stable);
  }
  return { stableUpTo, highestStable: releases[stable], highest: releases[any] };
}

/** The place of the last release below a version that is not among them; -1 where all are above it. */
function lastBelow(releases: readonly Release[], version: string): number {
  let low = 0;
  let high = releases.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    const release = releases[middle];
    if (release && semver.compare(release.version, version) < 0) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}
