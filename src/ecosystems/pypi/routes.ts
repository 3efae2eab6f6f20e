import type { PackageName } from '../../model/artifact.ts';
import type { Route, RouteRequest } from '../ecosystem.ts';
import { negotiate } from './accept.ts';
import { parseFilename } from './filenames.ts';
import { canonicalName } from './names.ts';
import { isRefusedWheel } from './refused-wheel.ts';
import { compareVersions, parseVersion } from './versions.ts';

const MAX_PATH = 1024;
const METADATA = '.metadata';
const MALFORMED: Route = { kind: 'malformed' };

/** What a path segment of ours is made of. `%` may only stand before 2B and 21, see `decode`. */
const PATH = /^[A-Za-z0-9._~+!%/-]*$/;

/**
 * The routes of PyPI's mount. `path` is the raw request target after it, without a leading slash:
 *
 *     simple/                                          the list of names
 *     simple/NAME/                                     an index (PEP 503, PEP 691)
 *     files/NAME/FILENAME                              an artifact
 *     files/NAME/FILENAME.whl.metadata                 its core metadata (PEP 658)
 *     integrity/NAME/VERSION/FILENAME/provenance       its attestations (PEP 740)
 *
 * Only `simple/` forgives a spelling, by a redirect (PEP 503); files have the one address that our own pages
 * give them. Any method but GET and HEAD is a write. Throws nothing.
 */
export function route(path: string, request: RouteRequest): Route | null {
  if (request.method !== 'GET' && request.method !== 'HEAD') return { kind: 'write' };
  if (path.length > MAX_PATH || !PATH.test(path)) return MALFORMED;
  const segments = path
    .replace(/\/{2,}/g, '/')
    .replace(/^\//, '')
    .split('/');
  if (segments.some((segment) => segment === '.' || segment === '..')) return MALFORMED;
  const [first, ...rest] = segments;
  switch (first) {
    case 'simple':
      return simple(rest, request);
    case 'files':
      return file(rest);
    case 'integrity':
      return attestations(rest);
    default:
      return path.includes('%') ? MALFORMED : null;
  }
}

function simple(segments: readonly string[], request: RouteRequest): Route | null {
  const [raw, slash, ...rest] = segments;
  if (raw === undefined) return { kind: 'redirect', to: 'simple/' };
  const representation = negotiate(request.accept);
  if (raw === '' && slash === undefined) return { kind: 'names', representation };
  const name = canonicalName(raw);
  if (!name) return MALFORMED;
  if (rest.length > 0 || (slash !== undefined && slash !== '')) return null;
  if (raw !== name || slash === undefined) return { kind: 'redirect', to: `simple/${name}/` };
  // pip asks for itself to see whether it is up to date.
  return { kind: name === 'pip' ? 'self-check' : 'index', name, representation };
}

function file(segments: readonly string[]): Route | null {
  const [rawName, rawFilename, ...rest] = segments;
  if (rawName === undefined || rawFilename === undefined || rest.length > 0) return null;
  const name = exactName(rawName);
  const decoded = decode(rawFilename);
  if (!name || decoded === null) return MALFORMED;
  // A signature file: our pages announce none.
  if (decoded.endsWith('.asc')) return null;
  const metadata = decoded.endsWith(METADATA);
  const filename = metadata ? decoded.slice(0, -METADATA.length) : decoded;
  const parsed = parseFilename(filename, name);
  if (!parsed) return MALFORMED;
  if (isRefusedWheel(parsed)) return { kind: 'blocked', name, filename };
  if (metadata && parsed.kind !== 'wheel') return null;
  return { kind: metadata ? 'metadata' : 'artifact', name, filename };
}

function attestations(segments: readonly string[]): Route | null {
  const [rawName, rawVersion, rawFilename, word, ...rest] = segments;
  if (rawName === undefined || rawVersion === undefined || rawFilename === undefined) return null;
  if (word !== 'provenance' || rest.length > 0) return null;
  const name = exactName(rawName);
  const [versionText, filename] = [decode(rawVersion), decode(rawFilename)];
  if (!name || versionText === null || filename === null) return MALFORMED;
  const version = parseVersion(versionText);
  const parsed = parseFilename(filename, name);
  const ofFile = parsed && parseVersion(parsed.version);
  if (!version || !ofFile || compareVersions(version, ofFile) !== 0) return MALFORMED;
  if (isRefusedWheel(parsed)) return { kind: 'blocked', name, filename };
  return { kind: 'attestations', name, version: ofFile.text, filename };
}

function exactName(raw: string): PackageName | null {
  const name = canonicalName(raw);
  return name === raw ? name : null;
}

/**
 * Decodes a file name or version once. `+` and `!` are the only characters of theirs that a client may
 * escape; every other escape is either needless or of something that no such name holds.
 */
function decode(raw: string): string | null {
  const decoded = raw.replace(/%2b/gi, '+').replaceAll('%21', '!');
  return decoded.includes('%') || decoded.includes('~') ? null : decoded;
}
