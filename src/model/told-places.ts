import type { ArtifactKind } from './artifact.ts';
import { normalName } from './pypi-name.ts';

/** Places in an entry at most, and their characters. */
const MAX_TOLD = 128;
const MAX_CHARACTERS = 4_000;

/** How deep a place is told: `google/cloud/storage`. */
const MAX_DEPTH = 5;

/** A policy looks at two segments of each. */
const LOOKED_AT = 2;

/** What begins so is a script, anything else a module or a folder of modules. */
const SCRIPTS = 'bin/';

/** Where a wheel lands (verify/verify.ts, `Inspection.places`), as its entry says it and our memory keeps it. */
export interface ToldPlaces {
  /** Sorted. `demo/`: it has a part of the folder of its own name, and leaves room for others there. */
  readonly places: readonly string[];
  /** They are not told as far as a policy looks: there was no room. */
  readonly cut: boolean;
}

/**
 * The places of a wheel of this name, as deep as there is room for all of them: where they are too many, folders stand for
 * what is in them, which takes more than it should and never less. What it has in a shared folder of its own name is told
 * where there is room for that, too.
 */
export function toldPlaces(places: readonly string[], name: string): ToldPlaces {
  const own = normalName(name);
  const all = places.map((place) => place.split('/'));
  const isBelowOwn = (segments: readonly string[]) =>
    segments.length > 1 && segments[0] !== 'bin' && normalName(segments[0] ?? '') === own;
  const marks = all.filter(isBelowOwn).map(([top = '']) => [top, '']);
  const whole = shortened([...all, ...marks], MAX_DEPTH);
  if (hasRoom(whole)) return { places: whole, cut: false };
  const others = [...all.filter((segments) => !isBelowOwn(segments)), ...marks];
  let told: string[] = [];
  for (let depth = MAX_DEPTH; depth > 0; depth--) {
    told = shortened(others, depth);
    if (hasRoom(told)) return { places: told, cut: depth < LOOKED_AT };
  }
  while (!hasRoom(told)) told = told.slice(0, Math.min(MAX_TOLD, told.length - 1));
  return { places: told, cut: true };
}

/** A script is its name, however short the rest is told. */
function shortened(all: readonly (readonly string[])[], depth: number): string[] {
  const told = all.map((one) => one.slice(0, one[0] === 'bin' ? Math.max(depth, 2) : depth).join('/'));
  return [...new Set(told)].sort();
}

/** Whether an entry has no room even for their first segments: nobody would know what it takes. */
export function areUntold(places: readonly string[], name: string): boolean {
  const told = toldPlaces(places, name);
  if (!told.cut) return false;
  const tops = new Set(told.places.map(topOf));
  return places.some((place) => !tops.has(topOf(place)));
}

/**
 * What a file takes: of a wheel its told places, of a source distribution, of which nobody knows where its wheel will land, the
 * folder of its own name. `places` null: they are not known.
 */
export function takes(kind: ArtifactKind, name: string, places: readonly string[] | null): readonly string[] {
  switch (kind) {
    case 'npm-tarball':
      return [];
    case 'sdist':
      return [sharedFolderOf(name)];
    case 'wheel':
      return places === null ? [] : toldPlaces(places, name).places;
  }
}

/** The folder of a distribution's own name, which others may add to. */
export function sharedFolderOf(name: string): string {
  return `${normalName(name)}/`;
}

export function isScript(place: string): boolean {
  return place.startsWith(SCRIPTS);
}

function topOf(place: string): string {
  return isScript(place) ? place : (place.split('/')[0] ?? '');
}

function hasRoom(places: readonly string[]): boolean {
  if (places.length > MAX_TOLD) return false;
  return places.reduce((sum, place) => sum + place.length, 0) <= MAX_CHARACTERS;
}
