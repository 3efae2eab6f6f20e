import type { ArchivePath } from '../archive/path.ts';
import { placeOf } from '../archive/unsafe.ts';
import { withoutCaches } from './caches.ts';
import { sharing } from './shared-init.ts';

/** Places that are told of one wheel: those that are installed have some hundreds at most. */
export const MAX_PLACES = 4_000;

/** How deep a folder without `__init__` is followed: `google/cloud/storage/…`. */
const MAX_DEPTH = 5;
/** The same, where it has no module. */
const MAX_DATA_DEPTH = 2;

/** Modules in every form in which Python imports them; `.pyi` is one for type checkers. On some disks `SIX.PY` lies over `six.py`. */
const MODULE = /^([^.]+)(?:\.[^/]*)?\.(?:py|pyw|pyc|pyo|pyi|so|pyd)$/i;

/** Names of folders that very many wheels put at the top by accident. What overwrites them is nobody's loss. */
const ACCIDENTS: ReadonlySet<string> = new Set(
  'test tests testing doc docs example examples sample samples benchmark benchmarks script scripts tool tools build dist src utils setup conftest noxfile tasks versioneer'.split(
    ' ',
  ),
);

interface Folder {
  readonly folders: Map<string, Folder>;
  readonly modules: Set<string>;
  readonly others: Set<string>;
  /** It has an `__init__` that is no source: Python prefers that to one which is. */
  compiled: boolean;
}

const emptyFolder = (): Folder => ({
  folders: new Map(),
  modules: new Set(),
  others: new Set(),
  compiled: false,
});

/**
 * Collects where the files of a wheel land, as short as it can be said: `six` for a module, `yaml` for a folder with
 * `__init__`, of a folder without it (or with one that shares it) what is in it: `google/protobuf`, `certs/all.pem`;
 * `bin/tool` for a script. `google/+` says that it brings an `__init__.py` which does nothing but share the folder, `google/__init__`
 * that this one does more.
 */
export class Places {
  readonly #top = emptyFolder();
  /** Folders with an `__init__.py` that shares them, and how that is told. */
  readonly #shared = new Map<string, '+' | '__init__'>();
  readonly #scripts = new Set<string>();

  /** A file below a folder for packages. */
  addFile(path: readonly string[]): void {
    const segments = withoutCaches(path);
    const file = segments.at(-1) ?? '';
    let folder = this.#top;
    for (const name of segments.slice(0, -1)) {
      const next = folder.folders.get(name) ?? emptyFolder();
      folder.folders.set(name, next);
      folder = next;
    }
    const module = MODULE.exec(file)?.[1];
    if (module === '__init__' && !/\.pyi?$/.test(file)) folder.compiled = true;
    if (module !== undefined) folder.modules.add(module);
    else folder.others.add(file);
  }

  addScript(name: string): void {
    this.#scripts.add(name.replace(/\.(?:exe|py|pyw|bat|cmd)$/i, ''));
  }

  /** What the `__init__.py` of a folder says. */
  addInit(segments: readonly string[], text: string): void {
    const shared = sharing(text);
    if (shared !== 'no')
      this.#shared.set(segments.slice(0, -1).join('/'), shared === 'only' ? '+' : '__init__');
  }

  /** Sorted by UTF-16 code units, each once; null where there are too many. */
  get found(): readonly string[] | null {
    const found = new Set<string>();
    for (const name of this.#scripts) found.add(`bin/${name}`);
    this.#walk(this.#top, [], found);
    if (found.size > MAX_PLACES) return null;
    return [...new Set([...found].map(placeOf))].sort();
  }

  #walk(folder: Folder, path: readonly string[], found: Set<string>): void {
    for (const module of folder.modules) {
      const place = [...path, module];
      if (module !== '__init__' && !isAccident(place)) found.add(place.join('/'));
    }
    // At the top, licences and the like of many wheels lie over each other.
    if (path.length > 0) for (const other of folder.others) found.add([...path, other].join('/'));
    for (const [name, inner] of folder.folders) {
      const place = [...path, name];
      const text = place.join('/');
      if (isAccident(place)) continue;
      const init = inner.modules.has('__init__') && !inner.compiled ? this.#shared.get(text) : undefined;
      const owned = inner.modules.has('__init__') && init === undefined;
      const deep = place.length >= (hasModules(inner) ? MAX_DEPTH : MAX_DATA_DEPTH);
      if (owned || deep) found.add(text);
      else {
        if (init !== undefined) found.add(`${text}/${init}`);
        this.#walk(inner, place, found);
      }
    }
  }
}

function isAccident([top = '', ...rest]: readonly string[]): boolean {
  return rest.length === 0 && ACCIDENTS.has(top.toLowerCase());
}

function hasModules({ folders, modules }: Folder): boolean {
  return modules.size > 0 || [...folders.values()].some(hasModules);
}

/** Where a wheel's file lands (PEP 427, "the .data directory"). */
export type Landing =
  | { readonly in: 'packages'; readonly segments: readonly string[] }
  | { readonly in: 'scripts'; readonly name: string }
  /** Settings of a client, or a client itself. */
  | { readonly in: 'clients' }
  | { readonly in: 'elsewhere' };

const ELSEWHERE: Landing = { in: 'elsewhere' };

/**
 * Settings of package managers and of what they call, that are read from an installation's root or its `etc`: `pip.conf` of
 * a virtual environment says which index pip asks.
 */
const SETTINGS =
  /^(?:pip\.(?:conf|ini)|uv\.toml|[._]netrc|\.pypirc|\.?condarc|\.?npmrc|\.yarnrc(?:\.yml)?|\.?bunfig\.toml|\.?gitconfig)$/i;

/** Whether a file below an installation's root changes what the next install does: its settings, or npm itself. */
function isOfClients(segments: readonly string[]): boolean {
  const [top = '', second = ''] = segments;
  if (/^lib(?:64)?$/i.test(top) && second.toLowerCase() === 'node_modules') return true;
  return (segments.length === 1 || top.toLowerCase() === 'etc') && SETTINGS.test(segments.at(-1) ?? '');
}

/** `segments` of the path are not folded: what lands has the name that it is written with. */
export function landingOf({ segments }: Pick<ArchivePath, 'segments'>): Landing {
  const [top = '', scheme, ...rest] = segments;
  if (!/\.data$/i.test(top) || scheme === undefined || rest.length === 0) return { in: 'packages', segments };
  switch (scheme.toLowerCase()) {
    case 'purelib':
    case 'platlib':
      return { in: 'packages', segments: rest };
    case 'scripts':
      return { in: 'scripts', name: rest.join('/') };
    case 'data':
      return landingBelowRoot(rest);
    default:
      return ELSEWHERE;
  }
}

function landingBelowRoot(segments: readonly string[]): Landing {
  const site = segments.findIndex((folder) => /^(?:site|dist)-packages$/i.test(folder));
  if (site >= 0 && site < segments.length - 1) return { in: 'packages', segments: segments.slice(site + 1) };
  const [folder = '', ...rest] = segments;
  if (/^(?:s?bin|scripts)$/i.test(folder) && rest.length > 0) return { in: 'scripts', name: rest.join('/') };
  return isOfClients(segments) ? { in: 'clients' } : ELSEWHERE;
}
