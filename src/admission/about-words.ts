import { ADVISORY_ID } from '../model/advisory.ts';
import type { Reason } from '../model/decision.ts';
import { readLicence, UNREADABLE_LICENCE } from '../model/licence.ts';

/** As many ids as one line names. */
const NAMED = 3;
const MAX_LICENCE = 60;
/** A project's name in normal form (PEP 503), no longer than those in use. */
const PROJECT = /^[a-z0-9](?:[a-z0-9-]{0,62}[a-z0-9])?$/;
/** A semantic or PEP 440 version, shorter than most words that somebody could write with its letters. */
const VERSION = /^[0-9A-Za-z][0-9A-Za-z.!+_-]{0,63}$/;

/**
 * What a reason is about, for the line of a refusal: ids of advisories, the licence that is declared, the version
 * that was admitted before, the packages whose places are taken. Only what passes its own grammar; null where there is nothing to say.
 */
export function aboutWords({ code, about = [] }: Reason): string | null {
  switch (code) {
    case 'MALWARE':
    case 'VULNERABLE':
      return idsOf(about);
    case 'LICENCE':
      return about[0] === undefined ? null : licenceOf(about[0]);
    case 'BELOW_FLOOR':
      return about[0] !== undefined && VERSION.test(about[0]) ? about[0] : null;
    case 'FOREIGN_PLACE':
      return othersOf(about);
    default:
      return null;
  }
}

/** Whose places, and what would let it pass: that is not seen in the rule's own words. */
function othersOf(about: readonly string[]): string | null {
  const names = about.filter((name) => PROJECT.test(name));
  if (names.length === 0) return null;
  const more = names.length - NAMED;
  const whose = `${names.slice(0, NAMED).join(', ')}${more > 0 ? ` and ${more} more` : ''}`;
  return `those of ${whose}, unless its rule says foreign-places: allow or a waiver lifts it`;
}

function idsOf(about: readonly string[]): string | null {
  const ids = about.filter((id) => ADVISORY_ID.test(id));
  if (ids.length === 0) return null;
  const more = ids.length - NAMED;
  return `${ids.slice(0, NAMED).join(', ')}${more > 0 ? ` and ${more} more` : ''}`;
}

/** Names that a package made up itself (`LicenseRef-…`) are words of its own. */
function licenceOf(text: string): string {
  const licence = readLicence(text);
  if (licence === null || licence === UNREADABLE_LICENCE) return 'what it declares is no SPDX expression';
  if (/Ref-/i.test(licence)) return 'it declares one of its own';
  return licence.length > MAX_LICENCE ? 'it declares a long expression' : licence;
}
