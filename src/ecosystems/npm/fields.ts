import semver from 'semver';
import type { Digest } from '../../model/digest.ts';
import { sriOf } from '../../model/digest.ts';
import { isObject, type JsonObject, own, record } from './json.ts';
import type { Spec, SpecMemory } from './specs.ts';

/** A field whose meaning would have to be guessed: the release is left out of the listing. */
export class ReleaseUnreadable extends Error {
  override readonly name = 'ReleaseUnreadable';
}

/** One manifest field that we serve: why, and how its value is read. `read` gives undefined to drop it. */
export interface ManifestField {
  readonly name: string;
  /** An older spelling, read where `name` is missing and written as `name`. */
  readonly alias?: string;
  readonly why: string;
  readonly read: (value: unknown, specs: SpecMemory) => unknown;
}

/** What people read in place of the publisher's own words. */
export const DEPRECATED = 'deprecated by its publisher';

/**
 * Every field of a version's manifest that may pass from the upstream to a client, beside `name`, `version`,
 * `dist` and `hasInstallScript`, which are made anew. Chosen so that the same tree resolves with and without us.
 * No value is free text: each is checked against a grammar of its own, and what does not fit is dropped, or,
 * where dropping it would resolve another tree, leaves the release out.
 */
export const MANIFEST_FIELDS: readonly ManifestField[] = [
  { name: 'dependencies', why: 'what is installed with it', read: strictSpecs },
  { name: 'optionalDependencies', why: 'what is installed with it where it can be', read: strictSpecs },
  { name: 'peerDependencies', why: 'what it is placed beside', read: strictSpecs },
  { name: 'peerDependenciesMeta', why: 'which peers may be missing', read: peerMeta },
  { name: 'devDependencies', why: 'part of the abbreviated format', read: lenientSpecs },
  { name: 'acceptDependencies', why: 'which versions npm lets stand in a tree', read: lenientSpecs },
  {
    name: 'bundleDependencies',
    alias: 'bundledDependencies',
    why: 'which dependencies lie in the tarball and are not fetched',
    read: bundle,
  },
  { name: 'bin', why: 'which commands are linked', read: bin },
  { name: 'directories', why: 'where npm looks for commands (`bin`); nothing else of it', read: directories },
  { name: 'engines', why: 'npm prefers versions that fit the running engine', read: engines },
  { name: 'os', why: 'where it can be installed', read: platforms },
  { name: 'cpu', why: 'where it can be installed', read: platforms },
  { name: 'libc', why: 'where it can be installed', read: platforms },
  { name: '_hasShrinkwrap', why: 'whether npm reads a tree of its own from the tarball', read: onlyTrue },
  { name: 'deprecated', why: 'clients prefer versions without it; fixed words', read: deprecated },
  { name: 'license', why: 'an SPDX expression; full documents only', read: licence },
];

/** Fields that only the full document carries. */
export const FULL_ONLY: ReadonlySet<string> = new Set(['_id', 'license']);

type Specs = Readonly<Record<string, unknown>>;

/** Dependencies that decide the tree: one that cannot be read makes the release unreadable. */
function strictSpecs(value: unknown, specs: SpecMemory): Specs | undefined {
  if (isEmpty(value)) return undefined;
  if (!isObject(value)) throw new ReleaseUnreadable('dependencies are no object');
  return readSpecs(value, specs, (spec) => {
    if (spec === null) throw new ReleaseUnreadable('a dependency cannot be read');
    return true;
  });
}

/** Dependencies that no client installs from a registry: what cannot be read, or is an address, is dropped. */
function lenientSpecs(value: unknown, specs: SpecMemory): Specs | undefined {
  if (!isObject(value)) return undefined;
  const read = readSpecs(value, specs, (spec) => spec?.kind === 'registry');
  return isEmpty(read) ? undefined : read;
}

/**
 * Name → spec, of the entries that `keep` keeps; it is asked with null for what cannot be read. Where every
 * entry stays as it is, which is nearly always, this is the parsed object itself.
 */
function readSpecs(value: JsonObject, specs: SpecMemory, keep: (spec: Spec | null) => boolean): Specs {
  const names = Object.keys(value);
  let copy: Record<string, unknown> | null = null;
  for (const [i, name] of names.entries()) {
    const raw = value[name];
    const spec = typeof raw === 'string' && specs.isName(name) ? specs.read(raw) : null;
    const kept = keep(spec) ? spec : null;
    if (copy === null && kept?.text !== raw) {
      copy = record();
      for (const earlier of names.slice(0, i)) copy[earlier] = value[earlier];
    }
    if (copy !== null && kept !== null) copy[name] = kept.text;
  }
  return copy ?? value;
}

function peerMeta(value: unknown, specs: SpecMemory): Record<string, { optional: true }> | undefined {
  if (!isObject(value)) return undefined;
  const read = record<{ optional: true }>();
  let some = false;
  for (const name of Object.keys(value)) {
    const meta = value[name];
    if (!specs.isName(name) || !isObject(meta) || own(meta, 'optional') !== true) continue;
    read[name] = { optional: true };
    some = true;
  }
  return some ? read : undefined;
}

function bundle(value: unknown, specs: SpecMemory): true | string[] | undefined {
  if (value === true) return true;
  if (!Array.isArray(value)) return undefined;
  const names = value.filter((name): name is string => typeof name === 'string' && specs.isName(name));
  return names.length > 0 ? names : undefined;
}

const COMMAND = /^@?[A-Za-z0-9._/-]{1,128}$/;
const PATH = /^[A-Za-z0-9._@+~/-]{1,256}$/;

function isInnerPath(value: unknown): value is string {
  return typeof value === 'string' && PATH.test(value) && !value.split('/').includes('..');
}

function bin(value: unknown): string | Record<string, string> | undefined {
  if (typeof value === 'string') return isInnerPath(value) ? value : undefined;
  const read = record<string>();
  let some = false;
  const add = (name: string, path: unknown): void => {
    if (!COMMAND.test(name) || name === '__proto__' || !isInnerPath(name) || !isInnerPath(path)) return;
    read[name] = path;
    some = true;
  };
  if (Array.isArray(value)) {
    // The form of before 2012: npm names each command after its file.
    for (const path of value) if (isInnerPath(path)) add(path.slice(path.lastIndexOf('/') + 1), path);
  } else if (isObject(value)) {
    for (const name of Object.keys(value)) add(name, value[name]);
  }
  return some ? read : undefined;
}

function directories(value: unknown): { bin: string } | undefined {
  const path = isObject(value) ? own(value, 'bin') : undefined;
  return isInnerPath(path) ? { bin: path } : undefined;
}

const ENGINE = /^[a-z][a-z0-9-]{0,31}$/;
/** npm holds an engine range that it cannot read to be unmet; so does this one, in our own words. */
const UNMET = '<0.0.0-0';

function engines(value: unknown): Record<string, string> | undefined {
  if (!isObject(value)) return undefined;
  const read = record<string>();
  let some = false;
  for (const name of Object.keys(value)) {
    const range = value[name];
    if (!ENGINE.test(name) || typeof range !== 'string') continue;
    read[name] = range.length <= 512 && semver.validRange(range) !== null ? range : UNMET;
    some = true;
  }
  return some ? read : undefined;
}

const PLATFORM = /^!?[A-Za-z0-9_]{1,24}$/;

function platforms(value: unknown): string[] | undefined {
  if (typeof value !== 'string' && !Array.isArray(value)) return undefined;
  const asked: unknown[] = typeof value === 'string' ? [value] : value;
  const read = asked.filter((name): name is string => typeof name === 'string' && PLATFORM.test(name));
  if (read.length === asked.length) return read.length > 0 ? read : undefined;
  // What fits no platform must not widen "these only" to "any".
  return read.some((name) => !name.startsWith('!')) ? read : [...read, 'unknown'];
}

function onlyTrue(value: unknown): true | undefined {
  return value === true ? true : undefined;
}

function deprecated(value: unknown): string | undefined {
  return value === true || (typeof value === 'string' && value !== '') ? DEPRECATED : undefined;
}

const SPDX = /^\(*[A-Za-z0-9.+-]{1,48}\)*(?: (?:AND|OR|WITH) \(*[A-Za-z0-9.+-]{1,48}\)*)*$/;

function licence(value: unknown): string | undefined {
  return typeof value === 'string' && value.length <= 100 && SPDX.test(value) ? value : undefined;
}

/** `{}`, `[]`, `""`, null and false stand for "none" in old manifests. */
function isEmpty(value: unknown): boolean {
  if (value === undefined || value === null || value === false || value === '') return true;
  if (Array.isArray(value)) return value.length === 0;
  return isObject(value) && Object.keys(value).length === 0;
}

const SHASUM = /^[0-9a-f]{40}$/;

/**
 * What of `dist` is served beside `tarball`: `integrity` from the digests that we read, `shasum` (old lockfiles
 * name it) and counts. Signatures and attestations are in the listing, and written where they were verified.
 */
export function readDist(dist: Readonly<Record<string, unknown>>, digests: readonly Digest[]): object {
  const read: Record<string, unknown> = {};
  if (digests.length > 0) read['integrity'] = digests.map(sriOf).join(' ');
  const shasum = own(dist, 'shasum');
  if (typeof shasum === 'string' && SHASUM.test(shasum)) read['shasum'] = shasum;
  for (const count of ['fileCount', 'unpackedSize']) {
    const value = own(dist, count);
    if (Number.isSafeInteger(value) && Number(value) >= 0) read[count] = value;
  }
  return read;
}
