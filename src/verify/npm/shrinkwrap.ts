import { type Manifest, own } from './manifest.ts';
import { leadsAway } from './spec.ts';

/**
 * Whether a published npm-shrinkwrap.json, or what npm takes for one, makes an install fetch something that is no tarball of the registry.
 * npm follows its `resolved` addresses and asks no index: it sends those of the registry's host to the registry
 * that it is set to, and all others where they point. So an address passes that has the registry's form,
 * `https://host/name/-/name-1.0.0.tgz`, and the host from which this very tarball came; `host` null: none does.
 */
export function shrinkwrapLeadsAway(lock: Manifest, host: string | null): boolean {
  return walk(lock, host, 0);
}

const MAX_DEPTH = 64;
const TARBALL = /^https:\/\/([^/?#@\\\s]+)\/(?:[^?#\\\s]*\/)?-\/[^/?#\\\s]+\.tgz$/;

function walk(node: Manifest, host: string | null, depth: number): boolean {
  if (depth > MAX_DEPTH) return true;
  const resolved = own(node, 'resolved');
  // A link to a workspace folder is written `resolved: "packages/x", link: true`: it leads out as well.
  if (resolved !== undefined && resolved !== false && !isOfRegistry(resolved, host)) return true;
  const version = own(node, 'version');
  // Lockfile versions 1 and 2 put the address of a git or remote dependency in `version`.
  if (depth > 0 && version !== undefined && leadsAway(version)) return true;
  for (const key of ['dependencies', 'optionalDependencies', 'peerDependencies', 'requires', 'packages']) {
    const children = own(node, key);
    if (typeof children !== 'object' || children === null) continue;
    for (const child of Object.values(children)) {
      // What one entry needs and no entry is, npm fetches by this spec at the next install.
      if (typeof child === 'string' && leadsAway(child)) return true;
      if (typeof child === 'object' && child !== null && walk(child as Manifest, host, depth + 1))
        return true;
    }
  }
  return false;
}

function isOfRegistry(resolved: unknown, host: string | null): boolean {
  const said = typeof resolved === 'string' ? TARBALL.exec(resolved)?.[1] : undefined;
  return said !== undefined && said.toLowerCase() === host;
}
