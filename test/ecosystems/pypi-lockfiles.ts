import type { LockedPackage, Lockfile } from '../../src/ecosystems/lockfile.ts';
import { PYPI_LOCKFILES } from '../../src/ecosystems/pypi/lockfiles/index.ts';

/** Reads a text as the format that claims the file's name. */
export function readAs(filename: string, text: string): Lockfile {
  const [format, second] = PYPI_LOCKFILES.filter(({ claims }) => claims(filename));
  if (!format || second) throw new Error(`${filename} is claimed by no format, or by two`);
  return format.read(text);
}

/** `name version` of each package, with its source where that is no index. */
export function versionsOf(lockfile: Lockfile): string[] {
  return lockfile.packages.map(
    ({ name, version, source }) => `${name} ${version}${source === 'registry' ? '' : ` ${source}`}`,
  );
}

/** The one package of a lockfile that has one. */
export function onlyPackage(lockfile: Lockfile): LockedPackage {
  const [first, second] = lockfile.packages;
  if (!first || second) throw new Error(`${lockfile.packages.length} packages instead of one`);
  return first;
}

export const A = `sha256:${'a'.repeat(64)}`;
export const B = `sha256:${'b'.repeat(64)}`;
export const C = `sha512:${'c'.repeat(128)}`;
export const MD5 = `md5:${'d'.repeat(32)}`;

/** A package as each format writes it, by the file's name. */
export interface Spec {
  readonly name: string;
  readonly version: string;
  readonly hashes: readonly string[];
}

/** TOML and JSON write a text alike, as long as it has no character above the controls that JSON leaves as it is. */
const quoted = (text: string): string => JSON.stringify(text);

export const WRITERS: Readonly<Record<string, (specs: readonly Spec[]) => string>> = {
  'requirements.txt': (specs) =>
    specs
      .map(({ name, version, hashes }) =>
        [`${name}==${version}`, ...hashes.map((hash) => `    --hash=${hash}`)].join(' \\\n'),
      )
      .join('\n'),
  'uv.lock': (specs) =>
    `version = 1\n${specs
      .map(
        ({ name, version, hashes }) =>
          `[[package]]\nname = ${quoted(name)}\nversion = ${quoted(version)}\n` +
          `source = { registry = "https://index.example/simple" }\nwheels = [${hashes
            .map((hash) => `{ url = "https://files.example/x.whl", hash = ${quoted(hash)} }`)
            .join(', ')}]\n`,
      )
      .join('\n')}`,
  'poetry.lock': (specs) =>
    `${specs
      .map(
        ({ name, version, hashes }) =>
          `[[package]]\nname = ${quoted(name)}\nversion = ${quoted(version)}\nfiles = [${hashes
            .map((hash) => `{file = "x.whl", hash = ${quoted(hash)}}`)
            .join(', ')}]\n`,
      )
      .join('\n')}[metadata]\nlock-version = "2.1"\n`,
  'pdm.lock': (specs) =>
    `[metadata]\nlock_version = "4.5.0"\n${specs
      .map(
        ({ name, version, hashes }) =>
          `[[package]]\nname = ${quoted(name)}\nversion = ${quoted(version)}\nfiles = [${hashes
            .map((hash) => `{file = "x.whl", hash = ${quoted(hash)}}`)
            .join(', ')}]\n`,
      )
      .join('\n')}`,
  'Pipfile.lock': (specs) => {
    // Its packages have names for keys: a second version of one can only stand in another group.
    const groups: Record<string, unknown>[] = [];
    for (const { name, version, hashes } of specs) {
      const free = groups.find((one) => !Object.hasOwn(one, name));
      const group: Record<string, unknown> = free ?? Object.create(null);
      if (!free) groups.push(group);
      group[name] = { hashes, version: `==${version}` };
    }
    const named = groups.map((group, i) => [i === 0 ? 'default' : `group-${i}`, group]);
    return JSON.stringify({ _meta: { 'pipfile-spec': 6 }, ...Object.fromEntries(named) }, null, 1);
  },
  'pylock.toml': (specs) =>
    `lock-version = "1.0"\ncreated-by = "test"\n${specs
      .map(
        ({ name, version, hashes }) =>
          `[[packages]]\nname = ${quoted(name)}\nversion = ${quoted(version)}\nwheels = [${hashes
            .map((hash) => {
              const [algorithm = '', hex = ''] = hash.split(':');
              return `{ name = "x.whl", hashes = { ${quoted(algorithm)} = ${quoted(hex)} } }`;
            })
            .join(', ')}]\n`,
      )
      .join('\n')}`,
};

export const FILENAMES: readonly string[] = Object.keys(WRITERS);

export function write(filename: string, specs: readonly Spec[]): string {
  const writer = WRITERS[filename];
  if (!writer) throw new Error(`no writer of ${filename}`);
  return writer(specs);
}
