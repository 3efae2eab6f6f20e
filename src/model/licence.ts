import parse from 'spdx-expression-parse';

/** A licence that is declared in words which are no SPDX expression. */
export const UNREADABLE_LICENCE = 'NOASSERTION';

const MAX_LICENCE = 500;

/**
 * An SPDX licence expression (SPDX 2.3 annex D) as it may be shown and judged; `NOASSERTION` for any other text;
 * null for none. What a package says of itself: a claim, whose grammar alone is checked.
 */
export function readLicence(text: string | null | undefined): string | null {
  const trimmed = text?.trim() ?? '';
  if (trimmed === '') return null;
  if (trimmed.length > MAX_LICENCE) return UNREADABLE_LICENCE;
  try {
    parse(trimmed);
  } catch {
    return UNREADABLE_LICENCE;
  }
  return trimmed.replaceAll(/\s+/g, ' ');
}
