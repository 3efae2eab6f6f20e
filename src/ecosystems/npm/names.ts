import type { PackageName } from '../../model/artifact.ts';

/** The registry's own limit for a name with its scope. */
const MAX_NAME = 214;

/**
 * The part after the scope, or a whole unscoped name. Upper case stays possible: the registry has such names
 * from before 2014, and they differ from their lower-case spelling (`JSONStream`, `jsonstream`).
 * Left out, beside what no URL path carries as it is: `~ ! * ' ( )`, which only a few dead names have,
 * and of which `*` has a meaning of its own in policy files.
 */
const UNSCOPED = /^[A-Za-z0-9][A-Za-z0-9._-]*$/;
/** Behind a scope a name may begin with `_` or `-` as well; a lone `-` is the separator of tarball paths. */
const SCOPED = /^@[A-Za-z0-9_-][A-Za-z0-9._-]*\/(?!-$)[A-Za-z0-9_-][A-Za-z0-9._-]*$/;
/** Names that the registry never gave out, because they mean something on disk or to a browser. */
const RESERVED: ReadonlySet<string> = new Set(['node_modules', 'favicon.ico']);

/**
 * The canonical spelling of an npm name, or null where it is none. npm has one spelling per package, so this
 * checks and changes nothing.
 */
export function canonicalName(raw: string): PackageName | null {
  if (raw.length === 0 || raw.length > MAX_NAME) return null;
  if (!(raw.startsWith('@') ? SCOPED : UNSCOPED).test(raw)) return null;
  return RESERVED.has(raw.toLowerCase()) ? null : (raw as PackageName);
}
