import type { PackageName } from '../../model/artifact.ts';
import type { Route } from '../ecosystem.ts';
import { jsonBytes } from './json.ts';

const MAX_QUERY = 2048;
const MAX_TEXT = 200;
const DEFAULT_SIZE = 20;
/** The registry's own bound. */
const MAX_SIZE = 250;
const MAX_FROM = 10_000;

/** Reads the query of `/-/v1/search`: `text`, `from`, `size`. Weights (`quality` and so on) mean nothing here. */
export function readSearch(query: string): Route {
  if (query.length > MAX_QUERY) return { kind: 'malformed' };
  const parameters = new URLSearchParams(query);
  const text = (parameters.get('text') ?? '').trim();
  if (text.length > MAX_TEXT || /\p{Cc}/u.test(text)) return { kind: 'malformed' };
  return {
    kind: 'search',
    text,
    from: Math.min(count(parameters.get('from'), 0), MAX_FROM),
    size: Math.min(count(parameters.get('size'), DEFAULT_SIZE), MAX_SIZE),
  };
}

function count(text: string | null, otherwise: number): number {
  return text !== null && /^\d{1,6}$/.test(text) ? Number(text) : otherwise;
}

/** One found package, at the version that would be installed. */
export interface Found {
  readonly name: PackageName;
  readonly version: string;
}

/**
 * The answer to a search, in the registry's form: `found` is the page that was asked for, `total` counts all.
 * Descriptions, keywords and people are left empty: they are the packages' own words.
 */
export function writeSearch(found: readonly Found[], total: number = found.length): Uint8Array {
  const objects = found.map(({ name, version }) => ({
    package: { name, version, keywords: [], maintainers: [], links: {} },
    score: { final: 1, detail: { quality: 1, popularity: 1, maintenance: 1 } },
    searchScore: 1,
  }));
  return jsonBytes({ objects, total });
}
