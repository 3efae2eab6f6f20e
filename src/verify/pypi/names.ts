import { eq, valid } from '@renovatebot/pep440';
import { normalName } from '../../model/pypi-name.ts';
import type { Expected } from '../verify.ts';
import { type CoreMetadata, only } from './core-metadata.ts';

const MAX_VERSION = 256;

/** More digits than these are not exact in a double, which is what the library reads every number as. */
const INEXACT = /\d{16}/;

/** One version in two spellings (PEP 440), or the very same text where it is no such version, or its numbers are too long. */
export function sameVersion(a: string, b: string): boolean {
  if (a === b) return true;
  if (a.length > MAX_VERSION || b.length > MAX_VERSION || !valid(a) || !valid(b)) return false;
  const [[publicA, localA], [publicB, localB]] = [parts(a), parts(b)];
  if (INEXACT.test(publicA) || INEXACT.test(publicB)) return false;
  return eq(publicA, publicB) && localA === localB;
}

/** The public version and the normal form of the local one, as text: to the library `+1e3` is `+1000`. */
function parts(version: string): [publicVersion: string, local: string] {
  const [publicVersion = '', local = ''] = version.toLowerCase().split('+');
  return [publicVersion, local.replace(/[-_]/g, '.').replace(/\b0+(?=\d+\b)/g, '')];
}

/** Whether Name and Version, each there once, are what the index says. */
export function agrees(
  metadata: CoreMetadata,
  { name, version }: Pick<Expected, 'name' | 'version'>,
): boolean {
  const saidName = only(metadata, 'name');
  const saidVersion = only(metadata, 'version');
  return (
    saidName !== null &&
    saidVersion !== null &&
    normalName(saidName) === normalName(name) &&
    sameVersion(saidVersion, version)
  );
}

/**
 * Whether `name-version`, the stem of a .dist-info folder, is of this distribution. Old wheels escape less
 * than PEP 427 asks, so every hyphen may be the one between name and version.
 */
export function stemAgrees(stem: string, { name, version }: Expected): boolean {
  for (let at = stem.indexOf('-'); at > 0; at = stem.indexOf('-', at + 1)) {
    const said = stem.slice(at + 1);
    if (normalName(stem.slice(0, at)) !== normalName(name)) continue;
    // `+` of a local version, and `-` of a post release, were written as `_`.
    if ([said, said.replace(/_/g, '+'), said.replace(/_/g, '-')].some((text) => sameVersion(text, version))) {
      return true;
    }
  }
  return false;
}
