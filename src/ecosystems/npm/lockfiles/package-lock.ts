import { type Lockfile, type LockfileFormat, LockfileUnreadable } from '../../lockfile.ts';
import { isObject, type JsonObject, own } from '../json.ts';
import { sourceOf } from './address.ts';
import { Collector, type Found } from './collector.ts';
import { type LockDocument, objectAt, textAt } from './document.ts';
import { readJsonDocument } from './json-document.ts';
import { type TreeEntry, treeEntries } from './package-lock-tree.ts';
import { readIntegrity } from './sri.ts';
import { lockfileText } from './text.ts';

const MODULES = 'node_modules/';
const BUNDLED = 'left out, because they come inside the tarball of the package that needs them';

/** npm's `package-lock.json` and `npm-shrinkwrap.json`, lockfile versions 1 to 3. */
export const packageLock: LockfileFormat = {
  id: 'package-lock',
  ecosystem: 'npm',
  claims: (filename) => filename === 'package-lock.json' || filename === 'npm-shrinkwrap.json',
  read,
};

function read(raw: string): Lockfile {
  const document = readJsonDocument(lockfileText(raw), false);
  const { root } = document;
  const packages = objectAt(root, 'packages', 1);
  const tree = objectAt(root, 'dependencies', 1);
  const version = own(root, 'lockfileVersion') ?? (tree && !packages ? 1 : null);
  if (version !== 1 && version !== 2 && version !== 3) {
    throw new LockfileUnreadable('not a package-lock of version 1, 2 or 3');
  }
  const collector = new Collector();
  // What npm itself goes by: `packages` wherever it is, whatever the version says.
  if (packages === null && version === 1) readTree(document, tree ?? {}, collector);
  else readPackages(document, packages, tree, collector);
  return collector.finish(`package-lock v${version}`);
}

function readTree(document: LockDocument, tree: JsonObject, collector: Collector): void {
  for (const { found, bundled } of treeEntries(document, tree)) {
    if (bundled) collector.count(BUNDLED);
    else collector.add(found);
  }
}

function readPackages(
  document: LockDocument,
  packages: JsonObject | null,
  tree: JsonObject | null,
  collector: Collector,
): void {
  if (packages === null) throw new LockfileUnreadable('a package-lock of this version has "packages"');
  const others = new Map<string, TreeEntry>();
  if (tree) for (const entry of treeEntries(document, tree)) others.set(entry.path, entry);
  for (const path of Object.keys(packages)) {
    const entry = objectAt(packages, path, document.lineOf(packages)) ?? {};
    const line = document.lineOf(entry);
    const other = others.get(path);
    others.delete(path);
    if (!path.includes(MODULES)) {
      // The project itself, or a folder of it; one outside of it is somebody else's.
      if (path.startsWith('..') || path.startsWith('/'))
        collector.note(line, 'a folder outside of the project');
      continue;
    }
    if (own(entry, 'link') === true) {
      readLink(packages, entry, line, collector);
      continue;
    }
    const found = readEntry(path, entry, line);
    if (other && disagree(found, other.found)) {
      collector.note(
        line,
        'the two halves of the lockfile ("packages" and "dependencies") say different things of this entry',
      );
    }
    if (isBundled(packages, path, entry)) collector.count(BUNDLED);
    else collector.add(found);
  }
  for (const { found } of others.values()) {
    collector.note(found.line, 'left out: an entry of "dependencies" that "packages" does not have');
  }
}

function readEntry(path: string, entry: JsonObject, line: number | null): Found {
  // An alias is installed under another name than the package's own, which npm then writes down.
  const name = textAt(entry, 'name', line) ?? path.slice(path.lastIndexOf(MODULES) + MODULES.length);
  const version = textAt(entry, 'version', line);
  // npm 5 wrote `"resolved": false` for bundled packages, and later ones carry it on.
  const resolved = own(entry, 'resolved') === false ? null : textAt(entry, 'resolved', line);
  return {
    name,
    version,
    source: resolved === null ? 'registry' : sourceOf(resolved, name, version ?? ''),
    resolved,
    integrity: readIntegrity(textAt(entry, 'integrity', line)),
    installScripts: own(entry, 'hasInstallScript') === true,
    line,
  };
}

/** A link leads to a folder, which has an entry of its own where it belongs to the project. */
function readLink(packages: JsonObject, entry: JsonObject, line: number | null, collector: Collector): void {
  const target = textAt(entry, 'resolved', line);
  if (target === null || !Object.hasOwn(packages, target) || target.includes(MODULES)) {
    collector.note(line, 'left out: a link to a folder that is not part of the project');
  }
}

/**
 * Inside another package's tarball: marked so, with nothing to fetch it by, and below a package that says it bundles.
 * (What the project bundles itself is marked too, and is fetched like everything else.)
 */
function isBundled(packages: JsonObject, path: string, entry: JsonObject): boolean {
  if (own(entry, 'inBundle') !== true) return false;
  if (typeof own(entry, 'resolved') === 'string' || own(entry, 'integrity') !== undefined) return false;
  for (let at = path.lastIndexOf(`/${MODULES}`); at > 0; at = path.lastIndexOf(`/${MODULES}`, at - 1)) {
    const parent = own(packages, path.slice(0, at));
    if (!isObject(parent)) continue;
    const bundles = own(parent, 'bundleDependencies') ?? own(parent, 'bundledDependencies');
    if (
      path.slice(0, at).includes(MODULES) &&
      (bundles === true || (Array.isArray(bundles) && bundles.length > 0))
    ) {
      return true;
    }
  }
  return false;
}

/** Whether `packages` and the tree of npm 6 name another package, version, address or digest for one place. */
function disagree(here: Found, there: Found): boolean {
  const differ = <T>(a: T | null, b: T | null): boolean => a !== null && b !== null && a !== b;
  return (
    here.name !== there.name ||
    differ(here.version, there.version) ||
    (there.source !== 'file' && differ(here.resolved, there.resolved)) ||
    (here.integrity.digests.length > 0 &&
      there.integrity.digests.length > 0 &&
      here.integrity.digests.join() !== there.integrity.digests.join())
  );
}
