import { parseVersion } from '../versions.ts';

/** The major lockfile versions whose keys are read. */
export type PnpmMajor = 5 | 6 | 9;

/** What a key of `packages` or `snapshots` says. */
export interface PnpmKey {
  /** null where the key has none, as for what versions 5 and 6 took from no registry. */
  readonly name: string | null;
  /** As written; null where the key has an address in its place. */
  readonly version: string | null;
  /** The package was changed after its download. */
  readonly patched: boolean;
}

/**
 * Reads a key without its peers: `/@s/n/1.0.0_react@18.0.0` (5), `/@s/n@1.0.0(react@18.0.0)` (6),
 * `@s/n@1.0.0(react@18.0.0)` (9).
 */
export function readPnpmKey(key: string, major: PnpmMajor): PnpmKey {
  const base = keyBase(key);
  const patched = key.slice(base.length).includes('(patch_hash=');
  if (major === 9) return { ...atForm(base), patched };
  if (!base.startsWith('/')) return { name: null, version: null, patched };
  return { ...(major === 6 ? atForm(base.slice(1)) : slashForm(base.slice(1))), patched };
}

/** A key without what stands in parentheses: its peers, and the hash of its patch. */
export function keyBase(key: string): string {
  const suffix = key.indexOf('(');
  return suffix < 0 ? key : key.slice(0, suffix);
}

function atForm(base: string): { name: string | null; version: string | null } {
  const at = base.indexOf('@', 1);
  if (at < 0) return { name: base, version: null };
  const version = base.slice(at + 1);
  return { name: base.slice(0, at), version: parseVersion(version) === null ? null : version };
}

/** A version has no underscore and no slash: what begins with either is the peers. */
function slashForm(base: string): { name: string | null; version: string | null } {
  const parts = base.split('/');
  const names = base.startsWith('@') ? 2 : 1;
  const version = parts[names]?.split('_')[0] ?? '';
  return { name: parts.slice(0, names).join('/'), version: parseVersion(version) === null ? null : version };
}
