/** Places in an entry at most; what brings more to other names than this is told to have had no room. */
const MAX_TOLD = 64;

/** What of a wheel's places a decision can rest on, as an entry has it. */
export interface ToldPlaces {
  readonly places: readonly string[];
  /** There was no room for all. */
  readonly cut: boolean;
}

/**
 * The places that are not below the package's own name, each cut to the two segments that a policy looks at. Sorted.
 * null where nothing was inspected.
 */
export function toldPlaces(places: readonly string[] | null, name: string): ToldPlaces | null {
  if (places === null) return null;
  const told = new Set<string>();
  for (const place of places) {
    const segments = place.split('/');
    const [top = ''] = segments[0] === 'bin' ? segments.slice(1) : segments;
    if (normalName(top) !== normalName(name)) told.add(segments.slice(0, 2).join('/'));
  }
  return { places: [...told].sort().slice(0, MAX_TOLD), cut: told.size > MAX_TOLD };
}

/** PEP 503. */
function normalName(name: string): string {
  return name.replace(/[-_.]+/g, '-').toLowerCase();
}
