import { MAX_BUNDLED } from '../bundled.ts';
import { type Manifest, own } from './manifest.ts';

/** Names of dependencies that are remembered of one bundled package: more has none that is published. */
const MAX_NAMES = 1_000;

/**
 * What lies in a tarball's own `node_modules`, against what its manifest says that it bundles. A client puts all of it
 * beside the package, where it is found before anything that was installed: what is neither listed nor needed by what is
 * listed stands in another package's place.
 */
export class BundleList {
  readonly #needs = new Map<string, readonly string[]>();
  #tooMany = false;

  /** A file's path after unpacking. */
  file(place: string): void {
    const name = nameIn(place);
    if (name === null || this.#needs.has(name)) return;
    if (this.#needs.size >= MAX_BUNDLED) this.#tooMany = true;
    else this.#needs.set(name, []);
  }

  /** The manifest of a bundled package, or of one inside of it, whose needs may lie beside it. */
  manifest(place: string, manifest: Manifest): void {
    const name = nameIn(place);
    const needs = name === null ? undefined : this.#needs.get(name);
    if (name === null || needs === undefined) return;
    this.#needs.set(name, [...new Set([...needs, ...neededBy(manifest)])].slice(0, MAX_NAMES));
  }

  /** Places of what lies there and should not. `root`: the package's own manifest. */
  strangers(root: Manifest): readonly string[] {
    const reached = new Set<string>();
    const open = [...bundledBy(root)];
    for (let name = open.pop(); name !== undefined; name = open.pop()) {
      if (reached.has(name)) continue;
      reached.add(name);
      open.push(...(this.#needs.get(name) ?? []));
    }
    const strangers = [...this.#needs.keys()].filter((name) => !reached.has(name));
    return [...strangers.map((name) => `node_modules/${name}`), ...(this.#tooMany ? ['node_modules'] : [])];
  }
}

/** The package, or the bare file, that a place belongs to. Names with a dot in front are nobody's: no client loads them. */
function nameIn(place: string): string | null {
  const [folder, first, second] = place.split('/');
  if (folder !== 'node_modules' || first === undefined || first.startsWith('.')) return null;
  return first.startsWith('@') && second !== undefined ? `${first}/${second}` : first;
}

function bundledBy(root: Manifest): readonly string[] {
  const value = own(root, 'bundleDependencies') ?? own(root, 'bundledDependencies');
  if (value === true) return neededBy(root);
  if (Array.isArray(value)) return value.filter((name) => typeof name === 'string');
  return typeof value === 'object' && value !== null ? Object.keys(value) : [];
}

function neededBy(manifest: Manifest): readonly string[] {
  return ['dependencies', 'optionalDependencies', 'peerDependencies'].flatMap((field) => {
    const value = own(manifest, field);
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? Object.keys(value) : [];
  });
}
