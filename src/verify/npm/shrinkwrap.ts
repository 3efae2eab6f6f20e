import { type Manifest, own } from './manifest.ts';
import { leadsAway } from './spec.ts';

/**
 * Whether a published npm-shrinkwrap.json makes an install fetch something that is no registry tarball. npm
 * follows its `resolved` addresses and asks no index. An address in the registry's form,
 * `https://host/name/-/name-1.0.0.tgz`, passes: clients send it to the registry they are set to, if they
 * take the host for a registry's at all.
 */
export function shrinkwrapLeadsAway(lock: Manifest): boolean {
  return walk(lock, 0);
}

const MAX_DEPTH = 64;
const TARBALL = /^https:\/\/[^/?#@\\\s]+\/(?:[^?#\\\s]*\/)?-\/[^/?#\\\s]+\.tgz$/;

function walk(node: Manifest, depth: number): boolean {
  if (depth > MAX_DEPTH) return true;
  const resolved = own(node, 'resolved');
  // A link to a workspace folder is written `resolved: "packages/x", link: true`: it leads out as well.
  if (
    resolved !== undefined &&
    resolved !== false &&
    !(typeof resolved === 'string' && TARBALL.test(resolved))
  ) {
    return true;
  }
  const version = own(node, 'version');
  // Lockfile versions 1 and 2 put the address of a git or remote dependency in `version`.
  if (depth > 0 && version !== undefined && leadsAway(version)) return true;
  for (const key of ['dependencies', 'packages']) {
    const children = own(node, key);
    if (typeof children !== 'object' || children === null) continue;
    for (const child of Object.values(children)) {
      if (typeof child === 'object' && child !== null && walk(child as Manifest, depth + 1)) return true;
    }
  }
  return false;
}
