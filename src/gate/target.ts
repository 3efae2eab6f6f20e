import { createHash } from 'node:crypto';

/** A request target in origin form (RFC 9112, 3.2.1) that passed the grammar; still percent-encoded. */
export interface Target {
  readonly path: string;
  /** Without `?`; empty where there is none. */
  readonly query: string;
}

/** What is recorded of a target that failed the grammar: enough to recognise it, not to repeat it. */
export interface TargetPrint {
  readonly length: number;
  /** Hex. */
  readonly sha256: string;
}

const MAX_TARGET = 4095;
const MAX_PATH = 2048;
/** RFC 3986 `pchar` and `/`. */
const PATH = /^\/(?:[A-Za-z0-9\-._~!$&'()*+,;=:@/]|%[0-9A-Fa-f]{2})*$/;
const QUERY = /^(?:[A-Za-z0-9\-._~!$&'()*+,;=:@/?]|%[0-9A-Fa-f]{2})*$/;
/** Control characters, DEL. */
const CONTROL = /%(?:[01][0-9A-Fa-f]|7[Ff])/;
/** What no package manager has a reason to encode: `%` (a second layer), `\`, and bytes beyond ASCII. */
const NEVER_ENCODED = /%(?:25|5[Cc]|[89A-Fa-f][0-9A-Fa-f])/;

/**
 * Reads a raw request target by a strict grammar, or null where it is anything else: absolute form, `*`,
 * `//host`, a fragment, a dot segment in any spelling, an encoded control character, backslash or percent
 * sign, 4 KiB or more. Nothing is decoded or normalised: what passes means the same to every later reader.
 */
export function parseTarget(raw: string): Target | null {
  if (raw.length > MAX_TARGET || raw.startsWith('//')) return null;
  const mark = raw.indexOf('?');
  const path = mark < 0 ? raw : raw.slice(0, mark);
  const query = mark < 0 ? '' : raw.slice(mark + 1);
  if (path.length > MAX_PATH || !PATH.test(path) || !QUERY.test(query)) return null;
  if (path.includes('%') && (CONTROL.test(path) || NEVER_ENCODED.test(path))) return null;
  if (query.includes('%') && CONTROL.test(query)) return null;
  return hasDotSegment(path) ? null : { path, query };
}

export function printOf(raw: string): TargetPrint {
  return { length: raw.length, sha256: createHash('sha256').update(raw).digest('hex') };
}

/** A path below a mount: repeated slashes are one (pipenv asks for `/simple//six/`), none in front. */
export function below(mount: string, path: string): string {
  return path
    .slice(mount.length)
    .replace(/\/{2,}/g, '/')
    .replace(/^\//, '');
}

/** `.` or `..` as a segment, also where its dots or the slashes around it are encoded. */
function hasDotSegment(path: string): boolean {
  if (!path.includes('.') && !/%2e/i.test(path)) return false;
  const plain = path.replace(/%2e/gi, '.').replace(/%2f/gi, '/');
  return plain.split('/').some((segment) => segment === '.' || segment === '..');
}
