import type { PackageName } from '../../model/artifact.ts';
import type { IndexPage, Representation } from '../ecosystem.ts';
import { CONTENT_TYPES, simpleRepresentation } from './document.ts';
import { namesHtml } from './simple-html-write.ts';

/**
 * The root list of a simple index (PEP 503, PEP 691) with these names and no others; which ones, admission
 * says. Sorted, each once.
 */
export function writeNames(names: Iterable<PackageName>, representation: Representation): IndexPage {
  const chosen = simpleRepresentation(representation);
  const sorted = [...new Set(names)].sort();
  const text =
    chosen === 'json'
      ? JSON.stringify({ meta: { 'api-version': '1.0' }, projects: sorted.map((name) => ({ name })) })
      : namesHtml(sorted);
  return { status: 200, contentType: CONTENT_TYPES[chosen], body: Buffer.from(text) };
}
