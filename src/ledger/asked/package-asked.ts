import { PackageURL } from '@socketregistry/packageurl-js';
import { purl } from '../../model/artifact.ts';
import type { VersionScheme } from '../../model/versions.ts';

/** A package as the ledger has it: what EntryFilter takes, and which ecosystems it may be of. */
export interface PackageAsked {
  /** A name, `NAME@VERSION`, or a purl. */
  readonly text: string;
  /** The name alone, or its purl without a version. */
  readonly name: string;
  readonly versioned: boolean;
  /** Whose words a range of its versions may be in. */
  readonly schemes: readonly VersionScheme[];
  /** Lines for the person: how other ecosystems write it, which are not asked for. */
  readonly notes: readonly string[];
}

const HAS_VERSION = /^.+(?:@|==)/;

/**
 * A package in the spelling in which the ledger has it, or what is wrong with it: what no ledger can hold would be an
 * empty list for every one. A purl is of its type's ecosystem; a name may be of several.
 */
export function packageAsked(asked: string, schemes: readonly VersionScheme[]): PackageAsked | string {
  if (asked.startsWith('pkg:')) return purlAsked(asked, schemes);
  if (HAS_VERSION.test(asked)) return pinnedAsked(asked, schemes);
  if (/\s/.test(asked)) return 'must be a name without blanks, NAME@VERSION, NAME==VERSION or a package URL';
  const notes = schemes.flatMap((scheme) => {
    const name = scheme.canonicalName(asked);
    return name === null || name === asked ? [] : [noteOf(scheme, asked, name)];
  });
  return { text: asked, name: asked, versioned: false, schemes, notes };
}

function purlAsked(asked: string, schemes: readonly VersionScheme[]): PackageAsked | string {
  let url: PackageURL;
  try {
    url = PackageURL.fromString(asked);
  } catch {
    // Its words are not ours.
    return 'is no package URL';
  }
  const scheme = schemes.find(({ ecosystem }) => ecosystem === url.type);
  if (!scheme) return `must be a package URL of ${schemes.map(({ ecosystem }) => ecosystem).join(' or ')}`;
  // They say more than the ledger knows, and to leave them out would show more than was asked for.
  if (url.qualifiers || url.subpath) return 'must be a package URL without qualifiers and subpath';
  const name = scheme.canonicalName(url.namespace ? `${url.namespace}/${url.name}` : (url.name ?? ''));
  if (name === null) return `is no package of ${scheme.ecosystem}`;
  const version = url.version ? scheme.parseVersion(url.version) : undefined;
  if (version === null) return `has no version of ${scheme.ecosystem}`;
  const id = { ecosystem: scheme.ecosystem, name };
  const [bare, text] = [purl(id), purl(id, version)];
  if (bare === null || text === null) return 'is no package URL';
  return { text, name: bare, versioned: version !== undefined, schemes: [scheme], notes: [] };
}

/** `NAME@VERSION` or `NAME==VERSION`, with spaces and no other blanks: a note repeats it, in a header of ASCII. */
function pinnedAsked(asked: string, schemes: readonly VersionScheme[]): PackageAsked | string {
  const [, rawName = '', rawVersion = ''] =
    /^(.+?) *== *([^=\s]+)$/.exec(asked) ?? /^(.+)@([^@]+)$/.exec(asked) ?? [];
  const written = schemes.flatMap((scheme) => {
    const [name, version] = [scheme.canonicalName(rawName), scheme.parseVersion(rawVersion)];
    return name === null || version === null ? [] : [{ scheme, name, text: `${name}@${version}` }];
  });
  const own = asked.replace(/ *== */, '@');
  // Where ecosystems differ, as it was asked for if one writes it so.
  const chosen = written.find(({ text }) => text === own) ?? written[0];
  if (!chosen) return 'must be a name, NAME@VERSION with one exact version, NAME==VERSION or a package URL';
  return {
    text: chosen.text,
    name: chosen.name,
    versioned: true,
    schemes: written.filter(({ text }) => text === chosen.text).map(({ scheme }) => scheme),
    notes: written
      .filter(({ text }) => text !== chosen.text)
      .map(({ scheme, text }) => noteOf(scheme, asked, text)),
  };
}

function noteOf({ ecosystem }: VersionScheme, asked: string, written: string): string {
  return `in ${ecosystem} ${asked} is written ${written}`;
}
