import type { AddressRules } from './addresses.ts';
import { port } from './faults.ts';
import { type FileOrigins, type Source, UpstreamFault } from './upstream.ts';

const LONGEST = 4096;

/** The base of a source, with its trailing slash. */
export function baseUrl(source: Source): URL {
  const url = httpUrl(source.base);
  if (url === null || url.search !== '' || url.hash !== '' || !url.pathname.endsWith('/')) {
    throw new UpstreamFault(
      'UPSTREAM_FAULT',
      'the base of this upstream is not an http address with a slash at its end',
    );
  }
  return url;
}

/**
 * The address of an index. `path` is relative and is taken letter by letter: what a URL parser would change
 * (dot segments, also as %2e, backslashes, control characters, spaces) is refused, and so is a query.
 */
export function indexUrl(source: Source, path: string): URL {
  const base = baseUrl(source);
  const url = path.length > LONGEST ? null : URL.parse(base.href + path);
  const relative = path !== '' && !path.startsWith('/') && !/^[a-z][a-z0-9+.-]*:/i.test(path);
  if (!relative || url === null || url.href !== base.href + path || url.search !== '' || url.hash !== '') {
    throw new UpstreamFault('UPSTREAM_FAULT', 'the path of the index is not a plain relative path');
  }
  return url;
}

/**
 * The address of a file as the index gave it, resolved against the index if relative, without its fragment.
 * `indexPath` is the path of that index below the base.
 */
export function fileUrl(source: Source, text: string, indexPath: string | null): URL {
  const index = indexPath === null ? null : indexUrl(source, indexPath);
  const url = httpUrl(text, index);
  if (url === null) throw new UpstreamFault('UPSTREAM_FAULT', 'the address of the file cannot be used');
  url.hash = '';
  return url;
}

/**
 * The address of a document of evidence, resolved against the index at `indexPath` if relative, without its fragment.
 * It is at the base's own origin, whatever origins files may come from, and has no query: an index can point us
 * only to what its own host keeps under a path.
 */
export function evidenceUrl(source: Source, address: string, indexPath: string): URL {
  const index = indexUrl(source, indexPath);
  const url = httpUrl(address, index);
  if (url) url.hash = '';
  // an empty address would be the index itself
  if (url === null || address.includes('?') || url.href === index.href) {
    throw new UpstreamFault('UPSTREAM_FAULT', 'the address of the evidence cannot be used');
  }
  if (url.origin !== index.origin) {
    throw new UpstreamFault('UPSTREAM_ORIGIN', 'the evidence lies on another origin than its index');
  }
  return url;
}

/** An http(s) address without user and password, from text that a URL parser would not have to repair. */
export function httpUrl(text: string, relativeTo: URL | null = null): URL | null {
  if (text.length > LONGEST || /[^\x21-\x7e]|\\/.test(text)) return null;
  const url = URL.parse(text, relativeTo?.href);
  if (url === null || !['http:', 'https:'].includes(url.protocol)) return null;
  return url.username === '' && url.password === '' ? url : null;
}

/** Whether files may come from an origin with nothing learned: it is the base's own, or accepted by configuration. */
export function isOwnOrigin(source: Source, origin: string): boolean {
  return [source.base, ...source.fileOrigins].some((own) => URL.parse(own)?.origin === origin);
}

/**
 * Passes where a file may be fetched from the origin of `url`: the base's own, one accepted by configuration,
 * one that `origins` knows, or where `learn` says so the first. Else throws UpstreamFault, before anything is looked up or sent.
 */
export async function admitFileOrigin(
  source: Source,
  url: URL,
  origins: FileOrigins,
  rules: AddressRules,
  learn: boolean,
): Promise<void> {
  const base = baseUrl(source);
  if (isOwnOrigin(source, url.origin)) return;
  if (base.protocol === 'https:' && url.protocol !== 'https:') {
    throw new UpstreamFault('UPSTREAM_ORIGIN', 'the file lies on an origin without TLS, unlike its index');
  }
  // an origin that could never be reached must not become the one that was learned
  const host = url.hostname.replace(/^\[|\]$/g, '');
  if (/^[\d.]+$|:/.test(host) && !rules.admits(host)) {
    throw new UpstreamFault('UPSTREAM_ORIGIN', 'the file lies on a private address');
  }
  const answer = await port(origins.check(source.id, url.origin, learn));
  if (answer !== 'known' && answer !== 'first') {
    throw new UpstreamFault('UPSTREAM_ORIGIN', 'the file lies on an origin that has not been accepted');
  }
}
