import type { IndexRoute } from '../ecosystem.ts';

/** PEP 792. */
export type ProjectStatus = 'active' | 'archived' | 'deprecated' | 'quarantined';

/**
 * What is kept of an upstream's page beside the listing, to write it anew. Plain data: it can be handed to
 * another thread. No text of the upstream's is in it that was not read by a grammar.
 */
export interface PypiDocument {
  readonly status: ProjectStatus;
  /** The index has the keys of PEP 708. Their values are addresses elsewhere and are not kept. */
  readonly tracks: boolean;
  readonly alternateLocations: boolean;
  /** By file name, for the same files as the listing's. */
  readonly files: ReadonlyMap<string, PypiFile>;
}

export interface PypiFile {
  /** PEP 503 Requires-Python, of operators and public versions only; null where absent or anything else. */
  readonly requiresPython: string | null;
  /** PEP 700, in its own format, UTC: `2024-05-29T15:37:47.123456Z`. */
  readonly uploadTime: string | null;
}

/** How a simple page may be asked for: PEP 691 JSON, PEP 503 HTML under its own content type or as text/html. */
export type SimpleRepresentation = 'json' | 'v1+html' | 'html';

export const CONTENT_TYPES: Readonly<Record<SimpleRepresentation, string>> = {
  json: 'application/vnd.pypi.simple.v1+json',
  'v1+html': 'application/vnd.pypi.simple.v1+html',
  html: 'text/html; charset=utf-8',
};

/** Narrows a route's representation; what is none of ours is served as plain HTML. */
export function simpleRepresentation(text: IndexRoute['representation']): SimpleRepresentation {
  return text === 'json' || text === 'v1+html' ? text : 'html';
}
