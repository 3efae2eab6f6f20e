/** An object of unknown origin. Only own keys count. */
type Json = Readonly<Record<string, unknown>>;

/** Sorted pairs instead of objects: no name of a package or command meets an inherited key. */
type Pairs = readonly (readonly [name: string, value: string])[];

/** What is compared. Each has one order and one way to be written, so that equal means the same text. */
interface InstallManifest {
  readonly name: string;
  readonly version: string;
  readonly dependencies: Pairs;
  readonly optionalDependencies: Pairs;
  readonly peerDependencies: Pairs;
  /** Peers that may be missing. */
  readonly peerDependenciesMeta: readonly string[];
  readonly bundleDependencies: readonly string[];
  readonly bin: Pairs;
  /** `directories.bin`: a folder each file of which is a command. */
  readonly directories: string;
  readonly scripts: Pairs;
  readonly os: readonly string[];
  readonly cpu: readonly string[];
}

/**
 * An npm manifest cut down to what an install acts on, in one canonical form: JSON. A package.json and what a
 * registry's index says of the version have the same form where they mean the same, whatever the publishing client
 * made of the manifest on its way (normalize-package-data, read-package-json, @npmcli/package-json and what yarn and
 * pnpm do in their place): optional dependencies copied among the others or taken out of them, a list of
 * dependencies, bundled ones that are no dependencies, `bin` as text, a list or paths with `./`, commands that stand
 * for the files of `directories.bin`, `node_modules/.bin/` before scripts, the `node-gyp rebuild` that a `binding.gyp`
 * implies. That one is left out on both sides: what runs is told by the bytes alone (INSTALL_SCRIPT, NATIVE_BUILD).
 */
export function installManifestOf(manifest: Json): string {
  const optional = dependenciesOf(own(manifest, 'optionalDependencies'));
  const all = dependenciesOf(own(manifest, 'dependencies'));
  const bundled = bundledOf(manifest, new Set([...all.keys(), ...optional.keys()]));
  for (const name of bundled) if (!all.has(name) && !optional.has(name)) all.set(name, '*');
  // Every client takes the optional one where a name is both.
  for (const name of optional.keys()) all.delete(name);
  const directory = binDirectory(manifest);
  const written: InstallManifest = {
    name: textOf(own(manifest, 'name')).trim(),
    version: versionOf(own(manifest, 'version')),
    dependencies: sorted(all),
    optionalDependencies: sorted(optional),
    peerDependencies: sorted(dependenciesOf(own(manifest, 'peerDependencies'))),
    peerDependenciesMeta: optionalPeers(own(manifest, 'peerDependenciesMeta')),
    bundleDependencies: [...new Set(bundled)].sort(),
    bin: sorted(commandsOf(manifest, directory)),
    directories: directory ?? '',
    scripts: sorted(installScripts(own(manifest, 'scripts'))),
    os: platforms(own(manifest, 'os')),
    cpu: platforms(own(manifest, 'cpu')),
  };
  return JSON.stringify(written);
}

/** The fields in which two texts of `installManifestOf` differ, in its order. A text that is none differs in all. */
export function differingFields(a: string, b: string): readonly string[] {
  if (a === b) return [];
  const [one, other] = [parsed(a), parsed(b)];
  const fields = [...new Set([...Object.keys(one), ...Object.keys(other)])];
  return fields.filter((field) => JSON.stringify(own(one, field)) !== JSON.stringify(own(other, field)));
}

function parsed(text: string): Json {
  const value: unknown = JSON.parse(text);
  return isObject(value) ? value : {};
}

/** Name → spec. The forms of before 2012 are one string or a list, of `name`, `name@spec` or `name spec`. */
function dependenciesOf(value: unknown): Map<string, string> {
  const read = new Map<string, string>();
  if (isObject(value)) {
    for (const [name, spec] of Object.entries(value)) {
      if (typeof spec === 'string') read.set(name.trim(), specOf(spec));
    }
    return read;
  }
  const list = typeof value === 'string' ? value.trim().split(/[\s,]+/) : Array.isArray(value) ? value : [];
  for (const item of list) {
    if (typeof item !== 'string' || item.trim() === '') continue;
    const [name = '', spec = ''] = /^(.[^@\s><=]*)(.*)$/s.exec(item.trim())?.slice(1) ?? [];
    read.set(name, specOf(spec.trim().replace(/^@/, '')));
  }
  return read;
}

/** Publishing clients write a repository at GitHub in their own way: `user/repo` and addresses of it. */
const GITHUB =
  /^(?:github:|(?:git\+)?(?:https?|ssh|git):\/\/(?:git@)?github\.com\/|git@github\.com:)?([\w-][\w.-]*\/[\w.-]+?)(?:\.git)?(#.*)?$/;

function specOf(spec: string): string {
  const text = spec.trim();
  const [, repository, commit = ''] = GITHUB.exec(text) ?? [];
  return repository === undefined ? text : `github:${repository}${commit}`;
}

/** Names that the manifest bundles; `true` stands for all of its dependencies. */
function bundledOf(manifest: Json, dependencies: ReadonlySet<string>): readonly string[] {
  const value = own(manifest, 'bundleDependencies') ?? own(manifest, 'bundledDependencies');
  if (value === true) return [...dependencies];
  if (typeof value === 'string' && value !== '') return [value];
  const names = Array.isArray(value) ? value : isObject(value) ? Object.keys(value) : [];
  return names.filter((name) => typeof name === 'string' && name !== '');
}

function optionalPeers(value: unknown): readonly string[] {
  if (!isObject(value)) return [];
  return Object.entries(value)
    .filter(([, meta]) => isObject(meta) && own(meta, 'optional') === true)
    .map(([name]) => name)
    .sort();
}

function binDirectory(manifest: Json): string | null {
  const directories = own(manifest, 'directories');
  const folder = isObject(directories) ? own(directories, 'bin') : undefined;
  return typeof folder === 'string' && folder !== '' ? inner(folder) : null;
}

/** Commands by name, as npm-normalize-package-bin reads them; without those that `directory` gives by itself. */
function commandsOf(manifest: Json, directory: string | null): Map<string, string> {
  const bin = own(manifest, 'bin');
  const read = new Map<string, string>();
  const add = (name: string, path: unknown): void => {
    const command = inner(name).split('/').at(-1) ?? '';
    if (command === '' || typeof path !== 'string' || inner(path) === '') return;
    const target = inner(path);
    const given = directory !== null && (directory === '' || target.startsWith(`${directory}/`));
    if (!given || target.split('/').at(-1) !== command) read.set(command, target);
  };
  if (typeof bin === 'string') add(textOf(own(manifest, 'name')), bin);
  else if (Array.isArray(bin)) for (const path of bin) add(textOf(path), path);
  else if (isObject(bin)) for (const [name, path] of Object.entries(bin)) add(name, path);
  return read;
}

/** A path as it lies below a folder that it cannot leave: `./a/../b` is `b`. Backslashes and colons part, too. */
function inner(path: string): string {
  const parts: string[] = [];
  for (const part of path.trim().split(/[/\\:]/)) {
    if (part === '..') parts.pop();
    else if (part !== '' && part !== '.') parts.push(part);
  }
  return parts.join('/');
}

const INSTALL_SCRIPTS = ['preinstall', 'install', 'postinstall'] as const;

/** Scripts that clients, of now and of before 2012, make of a `binding.gyp` or `wscript` and write into the index. */
const IMPLIED: ReadonlySet<string> = new Set([
  'install\0node-gyp rebuild',
  'preinstall\0node-waf configure build',
  'preinstall\0node-waf clean || true; node-waf configure build',
]);

/** Scripts of an odd type are kept as what they are: no client takes them, and none is taken to be the same. */
function installScripts(value: unknown): Map<string, string> {
  const read = new Map<string, string>();
  if (!isObject(value)) return read;
  for (const name of INSTALL_SCRIPTS) {
    const script = own(value, name);
    if (script === undefined || script === null || script === '') continue;
    const text = typeof script === 'string' ? script : JSON.stringify(script);
    read.set(name, text.replace(/^(?:\.[/\\])?node_modules[/\\]\.bin[\\/]/, '').trim());
  }
  for (const [name, script] of read) if (IMPLIED.has(`${name}\0${script}`)) read.delete(name);
  return read;
}

function platforms(value: unknown): readonly string[] {
  const list = typeof value === 'string' ? [value] : Array.isArray(value) ? value : [];
  return [...new Set(list.filter((one) => typeof one === 'string'))].sort();
}

/** Without the `v` or `=` that a publisher may write, and without build metadata, which the registry drops. */
function versionOf(value: unknown): string {
  return textOf(value)
    .trim()
    .replace(/^[v=\s]+/, '')
    .replace(/\+.*$/s, '');
}

function sorted(map: ReadonlyMap<string, string>): Pairs {
  return [...map].sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

function isObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function own(object: Json, key: string): unknown {
  return Object.hasOwn(object, key) ? object[key] : undefined;
}
