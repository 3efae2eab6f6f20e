import type { ArtifactKind, PackageName } from '../../model/artifact.ts';
import { canonicalName } from './names.ts';
import { parseVersion } from './versions.ts';

/** Longest file name, in characters: what file systems hold. */
const MAX_FILENAME = 255;

/** What a file name says of its file. `version` is in the normal form of PEP 440. */
export interface ParsedFilename {
  readonly kind: Extract<ArtifactKind, 'wheel' | 'sdist'>;
  readonly version: string;
  /** The version's local segments, `refused.not.on.the.allowlist`; empty for a public version. */
  readonly local: string;
}

/** name-version(-build)?-python-abi-platform.whl (PEP 427, binary distribution format); `!` is the epoch's. */
const WHEEL =
  /^(?<name>[A-Za-z0-9._]+)-(?<version>[A-Za-z0-9._+!]+)(?:-[0-9][A-Za-z0-9_.]*)?-(?<tags>[A-Za-z0-9_.]+-[A-Za-z0-9_.]+-[A-Za-z0-9_.]+)\.whl$/;

/** Each tag is a set of words joined by dots (PEP 425): no empty word. */
const TAG_SET = /^[A-Za-z0-9_]+(?:\.[A-Za-z0-9_]+)*$/;

const SDIST = /^(?<stem>[A-Za-z0-9._+!-]+)\.(?:tar\.gz|zip)$/;

/**
 * Reads a file name of a project: a wheel (PEP 427) or a source distribution (PEP 625, and the older spelling
 * in which the name is not normalised). null for another project's file, and for every other format: eggs,
 * installers, rpm, tar.bz2 are not served at all.
 */
export function parseFilename(filename: string, name: PackageName): ParsedFilename | null {
  if (filename.length > MAX_FILENAME) return null;
  return parseWheel(filename, name) ?? parseSdist(filename, name);
}

function parseWheel(filename: string, name: PackageName): ParsedFilename | null {
  const groups = WHEEL.exec(filename)?.groups;
  if (!groups) return null;
  const { name: prefix = '', version = '', tags = '' } = groups;
  if (canonicalName(prefix) !== name) return null;
  if (!tags.split('-').every((tag) => TAG_SET.test(tag))) return null;
  return withVersion('wheel', version);
}

function parseSdist(filename: string, name: PackageName): ParsedFilename | null {
  const stem = SDIST.exec(filename)?.groups?.['stem'];
  if (stem === undefined) return null;
  // An old name may itself hold dashes, and a version may too (`1.0-1`): the project's name says which dash
  // stands between them. No two dashes can, because no name ends in one.
  for (let dash = stem.indexOf('-'); dash >= 0; dash = stem.indexOf('-', dash + 1)) {
    if (canonicalName(stem.slice(0, dash)) === name) return withVersion('sdist', stem.slice(dash + 1));
  }
  return null;
}

function withVersion(kind: ParsedFilename['kind'], raw: string): ParsedFilename | null {
  const version = parseVersion(raw);
  return version && { kind, version: version.text, local: version.local.join('.') };
}
