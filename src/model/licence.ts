import parse from 'spdx-expression-parse';

/** A licence that is declared in words which are no SPDX expression. */
export const UNREADABLE_LICENCE = 'NOASSERTION';

const MAX_LICENCE = 500;

/** Texts whose answers are kept: an index says the same of thousands of versions. */
const REMEMBERED = 512;
const known = new Map<string, string>();

/**
 * An SPDX licence expression (SPDX 2.3 annex D) as it may be shown and judged; `NOASSERTION` for any other text;
 * null for none. What a package says of itself: a claim, whose grammar alone is checked. Who
 * shows it takes out what the package itself named (`LicenseRef-…`).
 */
export function readLicence(text: string | null | undefined): string | null {
  const trimmed = text?.trim() ?? '';
  if (trimmed === '') return null;
  if (trimmed.length > MAX_LICENCE) return UNREADABLE_LICENCE;
  const before = known.get(trimmed);
  if (before !== undefined) return before;
  const licence = isExpression(trimmed) ? trimmed.replaceAll(/\s+/g, ' ') : UNREADABLE_LICENCE;
  if (known.size >= REMEMBERED) known.clear();
  known.set(trimmed, licence);
  return licence;
}

function isExpression(text: string): boolean {
  try {
    parse(text);
    return true;
  } catch {
    // Its words repeat the text; that it is none is all that counts, and no policy accepts that.
    return false;
  }
}

/** Licences in one expression. */
const MAX_PARTS = 16;

/**
 * Several licences as one expression: of `OR` one may be chosen, of `AND` all hold. Each once, in their order. `NOASSERTION`
 * where one of them is, or they are too many; null where there are none.
 */
export function joinLicences(operator: 'AND' | 'OR', texts: Iterable<string | null>): string | null {
  const parts = new Set<string>();
  for (const text of texts) {
    const licence = readLicence(text) ?? UNREADABLE_LICENCE;
    if (licence === UNREADABLE_LICENCE || parts.size >= MAX_PARTS) return UNREADABLE_LICENCE;
    parts.add(licence);
  }
  const [only] = parts;
  if (only === undefined || parts.size === 1) return only ?? null;
  return readLicence(
    [...parts].map((part) => (part.includes(' ') ? `(${part})` : part)).join(` ${operator} `),
  );
}

/**
 * What an npm manifest says in `license`, or, where that is missing, in `licenses`: an expression (package.json
 * documentation, "license"); in old ones `{ "type": … }`, or a list of these, of which one may be chosen.
 * `SEE LICENSE IN …` and `UNLICENSED` are no expressions.
 */
export function readManifestLicence(license: unknown, licenses: unknown): string | null {
  const said = isNothing(license) ? licenses : license;
  if (isNothing(said)) return null;
  if (!Array.isArray(said)) return joinLicences('OR', [textOf(said)]);
  return joinLicences('OR', said.slice(0, MAX_PARTS + 1).map(textOf));
}

function isNothing(value: unknown): boolean {
  return value === undefined || value === null || value === '';
}

/** The text of one entry; null where it has none, which is no licence that can be read. */
function textOf(entry: unknown): string | null {
  if (typeof entry === 'string') return entry;
  if (typeof entry !== 'object' || entry === null || !Object.hasOwn(entry, 'type')) return null;
  const { type } = entry as { readonly type: unknown };
  return typeof type === 'string' ? type : null;
}
