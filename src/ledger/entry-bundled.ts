import type { Bundled } from '../model/bundled.ts';
import type { Maybe } from './entry-parts.ts';
import type { EntryValue } from './ledger.ts';

/** What an item of a list costs beside its own JSON: the comma. */
const AROUND = 1;

/**
 * What lies in an admitted artifact, as its entry says it: `bundled`, `bundledUnnamed` for how many more there are, and
 * `bundledCut` where `bytes` of JSON had no room for all that could be named. Evidence comes first: what a package bundles
 * must not be able to push out what was checked of it.
 */
export function bundledFields(bundled: Maybe<Bundled>, bytes: number): Record<string, Maybe<EntryValue>> {
  if (!bundled) return {};
  const named: string[] = [];
  let left = bytes;
  for (const one of bundled.packages) {
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
