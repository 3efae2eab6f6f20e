import type { PackageName } from '../../model/artifact.ts';
import { normalName } from '../../model/pypi-name.ts';

/** Longest name, in characters, that is looked at. The longest in use are below 100. */
const MAX_NAME = 128;

/** PEP 508: ASCII letters, digits, `.`, `-`, `_`; first and last a letter or digit. */
const NAME = /^[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?$/;

/**
 * The normalised spelling of a project name (PEP 503): lower case, each run of `.`, `-`, `_` one `-`;
 * null where the name breaks the grammar of PEP 508 or is longer than 128 characters.
 */
export function canonicalName(raw: string): PackageName | null {
  if (raw.length > MAX_NAME || !NAME.test(raw)) return null;
  return normalName(raw) as PackageName;
}

/** The spelling of a name as the first part of a file name (PEP 427, PEP 625): `zope_interface`. */
export function filePrefixOf(name: PackageName): string {
  return name.replaceAll('-', '_');
}
