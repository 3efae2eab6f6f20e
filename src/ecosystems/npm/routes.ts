import type { PackageName } from '../../model/artifact.ts';
import { REASONS } from '../../model/reason-codes.ts';
import type { Route, RouteRequest } from '../ecosystem.ts';
import { parseTarballName, tarballName } from './filenames.ts';
import { canonicalName } from './names.ts';
import { readSegments } from './path.ts';
import { readSearch } from './search.ts';
import { parseVersion } from './versions.ts';

const MALFORMED: Route = { kind: 'malformed' };
const WRITE: Route = { kind: 'write' };

/** A registry without accounts answers a fixed user, so that scripts which ask only whether it answers go on. */
const WHOAMI = JSON.stringify({ username: 'sallyport' });
const JSON_TYPE = 'application/json';

/** Exact paths; matched before anything is decoded. */
const AUDITS: ReadonlyMap<string, Route> = new Map<string, Route>([
  ['-/npm/v1/security/advisories/bulk', { kind: 'audit', flavour: 'bulk' }],
  ['-/npm/v1/security/audits/quick', { kind: 'audit', flavour: 'quick' }],
  ['-/npm/v1/security/audits', { kind: 'audit', flavour: 'quick' }],
]);

const SERVICES: ReadonlyMap<string, Route> = new Map<string, Route>([
  ['ping', { kind: 'fixed', body: () => '{}', contentType: JSON_TYPE }],
  ['whoami', { kind: 'fixed', body: () => WHOAMI, contentType: JSON_TYPE }],
  ['npm/v1/keys', { kind: 'keys' }],
  ['v1/login', WRITE],
  ['npm/v1/tokens', WRITE],
  ['npm/v1/user', WRITE],
]);

/** A version or a tag behind a name. No range: no client asks for one here. */
const VERSION_OR_TAG = /^[A-Za-z0-9][A-Za-z0-9._~-]{0,255}$/;

/**
 * What a request to the npm registry API asks for. The grammar is strict: a segment is decoded once, and what
 * would have to be decoded, collapsed or resolved again to mean something is malformed.
 */
export function routeNpm(path: string, request: RouteRequest): Route | null {
  const relative = path.startsWith('/') ? path.slice(1) : path;
  if (request.method !== 'GET' && request.method !== 'HEAD') {
    return (request.method === 'POST' && AUDITS.get(relative)) || WRITE;
  }
  if (relative === '') return null;
  const segments = readSegments(relative);
  if (segments === null) return MALFORMED;
  return segments[0] === '-' ? service(segments.slice(1), request) : packageRoute(segments, request);
}

function service(segments: readonly string[], request: RouteRequest): Route | null {
  const fixed = SERVICES.get(segments.join('/'));
  if (fixed) return fixed;
  const [first, second, third] = segments;
  if (first === 'v1' && second === 'search' && segments.length === 2) return readSearch(request.query);
  if (first === 'user') return WRITE;
  if (first === 'package' && segments.at(-1) === 'dist-tags') return tags(segments.slice(1, -1));
  if (first === 'npm' && second === 'v1' && third === 'attestations') return attestations(segments.slice(3));
  return null;
}

function tags(segments: readonly string[]): Route {
  const named = takeName(segments);
  if (!named || named.rest.length > 0) return MALFORMED;
  return { kind: 'index', name: named.name, representation: 'tags' };
}

/** `name@version`, where the name may hold a slash of its own, encoded or not. */
function attestations(segments: readonly string[]): Route {
  const text = segments.join('/');
  const at = text.lastIndexOf('@');
  const name = at > 0 ? canonicalName(text.slice(0, at)) : null;
  const version = text.slice(at + 1);
  if (!name || parseVersion(version) !== version) return MALFORMED;
  return { kind: 'attestations', name, version, filename: tarballName(name, version) };
}

function packageRoute(segments: readonly string[], request: RouteRequest): Route | null {
  const named = takeName(segments);
  if (!named) return MALFORMED;
  const { name, rest } = named;
  const [first, second, third, fourth] = rest;
  if (first === undefined) return wholeIndex(name, request);
  if (rest.length === 1) {
    if (!VERSION_OR_TAG.test(first)) return MALFORMED;
    return { kind: 'index', name, representation: `version:${first}` };
  }
  if (first !== '-' || second === undefined) return null;
  if (rest.length === 2)
    return isTarball(name, second) ? { kind: 'artifact', name, filename: second } : MALFORMED;
  // The path that refused versions are listed under; see refusedManifest.
  if (rest.length !== 4 || second !== 'blocked' || third === undefined || fourth === undefined) return null;
  if (!Object.hasOwn(REASONS, third) || !isTarball(name, fourth)) return MALFORMED;
  return { kind: 'blocked', name, filename: fourth };
}

/** Clients that ask, unbidden, whether they are themselves up to date: name and User-Agent begin alike. */
const SELF_CHECKERS: ReadonlySet<string> = new Set(['npm', 'pnpm']);

function wholeIndex(name: PackageName, request: RouteRequest): Route {
  const representation = prefersAbbreviated(request.accept) ? 'abbreviated' : 'full';
  const self = SELF_CHECKERS.has(name) && request.userAgent.startsWith(`${name}/`);
  return { kind: self ? 'self-check' : 'index', name, representation };
}

function isTarball(name: PackageName, filename: string): boolean {
  return parseTarballName(name, filename) !== null;
}

/** A name at the head of a path: `name`, `@scope/name` in two segments, or in one with an encoded slash. */
function takeName(
  segments: readonly string[],
): { readonly name: PackageName; readonly rest: readonly string[] } | null {
  const [first, second] = segments;
  if (first === undefined) return null;
  const split = first.startsWith('@') && !first.includes('/');
  const name = canonicalName(split ? `${first}/${second ?? ''}` : first);
  return name === null ? null : { name, rest: segments.slice(split ? 2 : 1) };
}

const ABBREVIATED = 'application/vnd.npm.install-v1+json';
const MAX_ACCEPT = 1024;

/**
 * True where a client asks for the abbreviated document at least as much as for the full one (RFC 9110 section
 * 12.5.1). Wildcards say nothing here: npm, pnpm, yarn and bun all end their list with a bare one.
 */
function prefersAbbreviated(accept: string): boolean {
  if (accept.length > MAX_ACCEPT) return false;
  let abbreviated = 0;
  let full = 0;
  for (const range of accept.split(',')) {
    const [type = '', ...parameters] = range.split(';').map((part) => part.trim().toLowerCase());
    if (type === ABBREVIATED) abbreviated = Math.max(abbreviated, quality(parameters));
    // Of two that are wanted alike, the one named first counts.
    else if (type === JSON_TYPE) full = Math.max(full, quality(parameters) + (abbreviated === 0 ? 1e-6 : 0));
  }
  return abbreviated > 0 && abbreviated >= full;
}

function quality(parameters: readonly string[]): number {
  const q = parameters.find((parameter) => parameter.startsWith('q='));
  if (q === undefined) return 1;
  return /^q=(?:0(?:\.\d{0,3})?|1(?:\.0{0,3})?)$/.test(q) ? Number(q.slice(2)) : 0;
}
