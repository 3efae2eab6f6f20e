import { realpath, stat } from 'node:fs/promises';
import { basename, dirname, isAbsolute, join, relative, resolve, sep } from 'node:path';
import { isPolicyPath } from '../policy/load.ts';
import type { GivenLockfile } from './files.ts';

/** Where an import writes, or what is wrong with it. */
export type Place =
  /** `path` is relative to the allowlists folder, with `/`. */
  { readonly path: string; readonly absolute: string } | { readonly problem: string };

/** The file that `--out` names, or the default one: always below the allowlists folder. */
export async function placeFor(
  allowlists: string,
  out: string | undefined,
  given: GivenLockfile,
  profile: string,
): Promise<Place> {
  const folder = await realpath(allowlists);
  const wanted = resolve(folder, out ?? defaultName(given, profile));
  const parent = await realpath(dirname(wanted)).catch(() => null);
  if (parent === null) return { problem: 'the folder of --out does not exist below the allowlists folder' };
  const absolute = join(parent, basename(wanted));
  const path = relative(folder, absolute).split(sep).join('/');
  if (path === '' || path === '..' || path.startsWith('../') || isAbsolute(path))
    return { problem: '--out is a file below the allowlists folder, and no other' };
  // What the policy does not read would pin nothing.
  if (!isPolicyPath(path) || path.split('/').some((part) => part.startsWith('.')))
    return { problem: '--out ends in .yaml, and is not below cases/' };
  if ((await stat(absolute).catch(() => null))?.isDirectory()) return { problem: '--out is a folder' };
  return { path, absolute };
}

/** `locked-myapp-package-lock.yaml`; of another profile than `default` its name as well. */
export function defaultName({ folder, lockfile }: GivenLockfile, profile: string): string {
  const parts = [profile === 'default' ? '' : profile, folder, lockfile.format.replace(/ v[\d.]+$/, '')];
  return `locked-${parts.map(slug).filter(Boolean).join('-')}.yaml`;
}

function slug(text: string): string {
  const plain = text.toLowerCase().replace(/[^a-z0-9]+/g, '-');
  return plain.replace(/^-+|-+$/g, '').slice(0, 60);
}
