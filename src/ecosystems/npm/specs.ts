import semver from 'semver';
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

/**
 * The kind of a dependency's spec, after npm-package-arg's order; null where no client can resolve it. What
 * contains a blank and is no range is null: a sentence is no spec, and must not be served as one.
 */
export function specKind(spec: string): SpecKind | null {
  if (spec.length > MAX_RANGE || !PRINTABLE.test(spec)) return null;
  const text = spec.trim();
  if (/^npm:/i.test(text)) return aliasKind(text.slice('npm:'.length));
  if (isRegistrySpec(text)) return 'registry';
  return text.length > MAX_TOKEN || text.includes(' ') ? null : 'direct';
}

/** An alias names a package and a registry spec of it; anything else behind `npm:` is an error in every client. */
function aliasKind(target: string): SpecKind | null {
  const at = target.indexOf('@', 1);
  const name = at < 0 ? target : target.slice(0, at);
  const spec = at < 0 ? '' : target.slice(at + 1).trim();
  return canonicalName(name) !== null && isRegistrySpec(spec) ? 'registry' : null;
}

function isRegistrySpec(text: string): boolean {
  if (RANGE_SHAPE.test(text) && semver.validRange(text, { loose: true }) !== null) return true;
  return TAG.test(text) && !FILE_NAME.test(text);
}

/**
 * Remembers, for one document, what was found of each spec and name: a large packument repeats a few hundred of
 * them a few hundred thousand times. Bounded by the document that it lives for.
 */
export class SpecMemory {
  readonly #kinds = new Map<string, SpecKind | null>();
  readonly #names = new Map<string, boolean>();

  kind(spec: string): SpecKind | null {
    const known = this.#kinds.get(spec);
    if (known !== undefined) return known;
    const kind = specKind(spec);
    this.#kinds.set(spec, kind);
    return kind;
  }

  isName(name: string): boolean {
    const known = this.#names.get(name);
    if (known !== undefined) return known;
    const valid = canonicalName(name) !== null;
    this.#names.set(name, valid);
    return valid;
  }
}
