import type { ArtifactKind, PackageName } from '../../model/artifact.ts';
import { parseVersion } from './versions.ts';

const SUFFIX = '.tgz';

/**
 * The conventional file name of a version, `<name without scope>-<version>.tgz`. It is the only one we serve,
 * whatever the upstream calls the file: clients that see this path keep addresses out of their lockfiles.
 */
export function tarballName(name: PackageName, version: string): string {
  return `${unscoped(name)}-${version}${SUFFIX}`;
}

/** What a conventional file name says, or null where it is no file name of this package. */
export function parseTarballName(
  name: PackageName,
  filename: string,
): { readonly version: string; readonly kind: ArtifactKind } | null {
  const prefix = `${unscoped(name)}-`;
  if (!filename.startsWith(prefix) || !filename.endsWith(SUFFIX)) return null;
  const version = filename.slice(prefix.length, -SUFFIX.length);
  return parseVersion(version) === version ? { version, kind: 'npm-tarball' } : null;
}

function unscoped(name: PackageName): string {
  return name.slice(name.indexOf('/') + 1);
}
