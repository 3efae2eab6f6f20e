import semver from 'semver';
import type { PackageName } from '../../model/artifact.ts';
import { canonicalName } from './names.ts';

/**
 * What a dependency's spec asks for: `registry` is a range, a tag or an `npm:` alias of either; `direct` is an
 * address, a repository, a path or anything else that a client could fetch without asking for a name.
 */
export type SpecKind = 'registry' | 'direct';

const MAX_RANGE = 2048;
const MAX_TOKEN = 512;

/** No slash, colon or hash: a client looks for paths and addresses first, and only then for a range. */
const RANGE_SHAPE = /^[\w\s.*<>=~^|+-]*$/;
const TAG = /^[A-Za-z0-9][A-Za-z0-9._~-]{0,127}$/;
/** A client takes such a spec for a file beside the project. */
const FILE_NAME = /\.(?:tgz|tar\.gz|tar)$/i;
const PRINTABLE = /^[\x20-\x7e]*$/;

/** A spec as it may be served. */
export interface Spec {
  readonly kind: SpecKind;
  /** The name behind an `npm:` alias, which is what a client asks for. */
  readonly alias?: PackageName;
  /** The publisher's text where nothing but a spec can be written that way, else the same in semver's words. */
  readonly text: string;
}

/**
 * Reads a dependency's spec, after npm-package-arg's order; null where no client can resolve it. What contains
 * a blank and is no range is null: a sentence is no spec, and must not be served as one.
 */
export function readSpec(spec: string): Spec | null {
  if (spec.length > MAX_RANGE || !PRINTABLE.test(spec)) return null;
  const text = spec.trim();
  if (/^npm:/i.test(text)) return readAlias(text);
  const registry = registrySpec(text);
  if (registry !== null) return { kind: 'registry', text: registry };
  return text.length > MAX_TOKEN || text.includes(' ') ? null : { kind: 'direct', text };
}

/** An alias names a package and a registry spec of it; anything else behind `npm:` is an error in every client. */
function readAlias(text: string): Spec | null {
  const target = text.slice('npm:'.length);
  const at = target.indexOf('@', 1);
  const name = at < 0 ? target : target.slice(0, at);
  const alias = canonicalName(name);
  if (alias === null) return null;
  if (at < 0) return { kind: 'registry', text, alias };
  const spec = registrySpec(target.slice(at + 1).trim());
  return spec === null ? null : { kind: 'registry', text: `npm:${name}@${spec}`, alias };
}

/**
 * npm reads ranges loosely, and its loose reading passes over every word that is no comparator: `run this 1`
 * is the range `1`. Only what reads strictly keeps its text; the rest is written as what was understood.
 */
function registrySpec(text: string): string | null {
  // `1.0.0-a.tgz` is a version to semver, and a file to every client.
  if (FILE_NAME.test(text)) return null;
  if (RANGE_SHAPE.test(text)) {
    if (semver.validRange(text) !== null) return text;
    const understood = semver.validRange(text, { loose: true });
    if (understood !== null) return FILE_NAME.test(understood) ? null : understood;
  }
  return TAG.test(text) ? text : null;
}

/**
 * Remembers, for one document, what was found of each spec and name: a large packument repeats a few hundred of
 * them a few hundred thousand times. Bounded by the document that it lives for.
 */
export class SpecMemory {
  readonly #specs = new Map<string, Spec | null>();
  readonly #names = new Map<string, boolean>();

  read(spec: string): Spec | null {
    const known = this.#specs.get(spec);
    if (known !== undefined) return known;
    const read = readSpec(spec);
    this.#specs.set(spec, read);
    return read;
  }

  isName(name: string): boolean {
    const known = this.#names.get(name);
    if (known !== undefined) return known;
    const valid = canonicalName(name) !== null;
    this.#names.set(name, valid);
    return valid;
  }
}
