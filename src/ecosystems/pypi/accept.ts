import type { SimpleRepresentation } from './document.ts';

const MAX_ACCEPT = 2048;

/** Which representation each media range names. A wildcard names what it always did before PEP 691: HTML. */
const RANGES: ReadonlyMap<string, SimpleRepresentation> = new Map([
  ['application/vnd.pypi.simple.v1+json', 'json'],
  ['application/vnd.pypi.simple.latest+json', 'json'],
  ['application/vnd.pypi.simple.v1+html', 'v1+html'],
  ['application/vnd.pypi.simple.latest+html', 'v1+html'],
  ['text/html', 'html'],
  ['text/*', 'html'],
  ['*/*', 'html'],
]);

/** Where a client likes two equally well: the most expressive first, text/html last (PEP 691). */
const PREFERENCE: readonly SimpleRepresentation[] = ['json', 'v1+html', 'html'];

/**
 * Chooses a representation by an Accept header (PEP 691, "Version + Format Selection"). What names none of
 * ours, or cannot be read, gets HTML, as every simple index answered before there was a choice.
 */
export function negotiate(accept: string): SimpleRepresentation {
  if (accept.length > MAX_ACCEPT) return 'html';
  const quality = new Map<SimpleRepresentation, number>();
  for (const part of accept.split(',')) {
    const [range = '', ...parameters] = part.split(';').map((text) => text.trim().toLowerCase());
    const representation = RANGES.get(range);
    const q = qualityOf(parameters);
    if (representation && q > (quality.get(representation) ?? 0)) quality.set(representation, q);
  }
  const best = Math.max(0, ...quality.values());
  return PREFERENCE.find((representation) => quality.get(representation) === best) ?? 'html';
}

/** RFC 9110 section 12.4.2; a weight that cannot be read counts as zero. */
function qualityOf(parameters: readonly string[]): number {
  const weight = parameters.find((parameter) => parameter.startsWith('q='));
  if (weight === undefined) return 1;
  return /^q=(?:0(?:\.\d{0,3})?|1(?:\.0{0,3})?)$/.test(weight) ? Number(weight.slice(2)) : 0;
}
