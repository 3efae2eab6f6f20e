import { isObject, type JsonObject, own } from '../json.ts';
import { parseVersion } from '../versions.ts';
import { sourceOf } from './address.ts';
import type { Found } from './collector.ts';
import { type LockDocument, objectAt, textAt } from './document.ts';
import { readIntegrity } from './sri.ts';

/** An entry of the tree that npm 5 and 6 wrote (`dependencies`, inside each other). */
export interface TreeEntry {
  /** Where it is installed, as newer lockfiles spell it: `node_modules/a/node_modules/b`. */
  readonly path: string;
  readonly found: Found;
  /** It comes inside another package's tarball. */
  readonly bundled: boolean;
}

/**
 * Every entry of a tree, parents before children.
 * @throws LockfileUnreadable where an entry is no object, or a field of it no text
 */
export function* treeEntries(document: LockDocument, top: JsonObject): Generator<TreeEntry> {
  const open: { path: string; tree: JsonObject }[] = [{ path: '', tree: top }];
  for (let here = open.pop(); here !== undefined; here = open.pop()) {
    for (const name of Object.keys(here.tree)) {
      const entry = objectAt(here.tree, name, document.lineOf(here.tree)) ?? {};
      const line = document.lineOf(entry);
      const path = `${here.path}${here.path === '' ? '' : '/'}node_modules/${name}`;
      const found = readEntry(name, entry, line);
      const nested = here.path !== '';
      const fetched = found.resolved !== null || own(entry, 'integrity') !== undefined;
      yield { path, found, bundled: nested && own(entry, 'bundled') === true && !fetched };
      const inner = own(entry, 'dependencies');
      if (isObject(inner)) open.push({ path, tree: inner });
    }
  }
}

/**
 * `version` is a version, an alias of another package (`npm:name@1.0.0`), or the address of what comes from no
 * registry at all.
 */
function readEntry(key: string, entry: JsonObject, line: number | null): Found {
  const written = textAt(entry, 'version', line);
  const integrity = readIntegrity(textAt(entry, 'integrity', line));
  // npm 5 wrote `"resolved": false` for bundled packages.
  const address = own(entry, 'resolved') === false ? null : textAt(entry, 'resolved', line);
  const common = { integrity, installScripts: false, line };
  const alias = written === null ? null : /^npm:(@?[^@]+)@(.+)$/.exec(written);
  const name = alias?.[1] ?? key;
  const version = alias?.[2] ?? written;
  if (version === null || parseVersion(version) !== null) {
    const source = address === null ? 'registry' : sourceOf(address, name, version ?? '');
    return { ...common, name, version, source, resolved: address };
  }
  const source = sourceOf(version, name, '');
  return {
    ...common,
    name,
    version: null,
    source: source === 'registry' ? 'url' : source,
    resolved: version,
  };
}
