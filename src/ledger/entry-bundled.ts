import type { Bundled } from '../model/bundled.ts';
import type { Maybe } from './entry-parts.ts';
import type { EntryValue } from './ledger.ts';

/** What an item of a list costs beside its own JSON: the comma. */
const AROUND = 1;

/**
 * Names of one entry. Each is a row of the query index, and an artifact is asked for as often as an agent likes: the one
 * writer must not be kept busy by a package that brings thousands along.
 */
export const MAX_NAMED = 256;

/**
 * What lies in an admitted artifact, as its entry says it: `bundled`, `bundledUnnamed` for how many more there are, and
 * `bundledCut` where they are more than `MAX_NAMED`, or `bytes` of JSON had no room for them. Evidence comes first: what a package bundles
 * must not be able to push out what was checked of it.
 */
export function bundledFields(bundled: Maybe<Bundled>, bytes: number): Record<string, Maybe<EntryValue>> {
  if (!bundled) return {};
  const named: string[] = [];
  let left = bytes;
  for (const one of bundled.packages.slice(0, MAX_NAMED)) {
    left -= Buffer.byteLength(JSON.stringify(one)) + AROUND;
    if (left < 0) break;
    named.push(one);
  }
  return {
    bundled: named.length > 0 ? named : undefined,
    bundledUnnamed: bundled.unnamed > 0 ? bundled.unnamed : undefined,
    bundledCut: named.length < bundled.packages.length ? 'yes' : undefined,
  };
}
