import type { LockedSource } from '../../lockfile.ts';

const GIT = /^(?:git\+|git:|git@|ssh:|github:|gitlab:|bitbucket:|gist:)/i;
/** `https://host/repository.git#commit`, and the archive of a commit as code hosts give it. */
const GIT_OVER_HTTP = /^https?:[^#?]*(?:\.git(?:#|$)|\/tar\.gz\/[0-9a-f]{40}(?:#|$))/i;
const FILE = /^(?:file|link|portal|workspace|exec):|^\.{1,2}\/|^\//i;
const MAX_ADDRESS = 4096;

/**
 * Where the address, from which a package of this name and version was resolved, leads. `registry` is one that has the
 * form in which registries name that package's own tarball, on whichever host; anything else over HTTP is `url`,
 * as is what has no known form. `version` is as the lockfile spells it.
 */
export function sourceOf(address: string, name: string, version: string): LockedSource {
  if (address.length > MAX_ADDRESS) return 'url';
  if (GIT.test(address) || GIT_OVER_HTTP.test(address)) return 'git';
  if (FILE.test(address)) return 'file';
  return isTarballOf(address, name, version) ? 'registry' : 'url';
}

/**
 * `…/name/-/name-1.0.0.tgz`, for a name with a scope with or without it in the file's name; and the
 * `…/download/name/1.0.0/…` that some hosts have instead.
 */
function isTarballOf(address: string, name: string, version: string): boolean {
  const path = pathOf(address);
  if (path === null) return false;
  const unscoped = name.slice(name.indexOf('/') + 1);
  // `…/@other/name/-/name-1.0.0.tgz` is another package's, and so is what lies behind a scope in any other spelling.
  if (!name.startsWith('@') && path.slice(0, path.lastIndexOf(`/${name}/`)).match(/(?:^|\/)@[^/]*$/))
    return false;
  return (
    path.endsWith(`/${name}/-/${unscoped}-${version}.tgz`) ||
    path.endsWith(`/${name}/-/${name}-${version}.tgz`) ||
    path.includes(`/download/${name}/${version}/`)
  );
}

function pathOf(address: string): string | null {
  if (!/^https?:/i.test(address)) return null;
  try {
    return decodeURIComponent(new URL(address).pathname);
  } catch {
    // No address that could be fetched is a registry's.
    return null;
  }
}
