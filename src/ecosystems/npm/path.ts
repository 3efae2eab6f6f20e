/** Longer than any path that names a package, a version and a file. */
const MAX_PATH = 1024;

/** What may stand in a path segment as it is: `pchar` of RFC 3986 section 3.3, without escapes. */
const LITERAL = /^[A-Za-z0-9._~!$&'()*+,;=:@-]$/;
const UNRESERVED = /^[A-Za-z0-9._~-]$/;

/**
 * The segments of a path, decoded once; null where the path is malformed. A decoded segment holds no slash,
 * backslash, percent sign, control or non-ASCII character, with one exception: one that begins with `@` may
 * hold one slash that was encoded, the way in which npm writes `@scope%2fname`. What needs no escape must not
 * have one, so no two spellings of a name reach the policy.
 */
export function readSegments(path: string): string[] | null {
  if (path.length > MAX_PATH) return null;
  const segments: string[] = [];
  for (const raw of path.split('/')) {
    const segment = readSegment(raw);
    if (segment === null || segment === '' || segment === '.' || segment === '..') return null;
    segments.push(segment);
  }
  return segments;
}

function readSegment(raw: string): string | null {
  let text = '';
  let slashes = 0;
  for (let i = 0; i < raw.length; i++) {
    const character = raw.charAt(i);
    if (LITERAL.test(character)) {
      text += character;
      continue;
    }
    const decoded = character === '%' ? readEscape(raw.slice(i + 1, i + 3)) : null;
    if (decoded === null) return null;
    if (decoded === '/') slashes++;
    text += decoded;
    i += 2;
  }
  return slashes === 0 || (slashes === 1 && text.startsWith('@')) ? text : null;
}

/** The printable ASCII character of two hexadecimal digits, unless it needs no escape or may not be escaped. */
function readEscape(digits: string): string | null {
  if (!/^[0-9A-Fa-f]{2}$/.test(digits)) return null;
  const character = String.fromCharCode(Number.parseInt(digits, 16));
  if (!/^[\x21-\x7e]$/.test(character) || UNRESERVED.test(character)) return null;
  return character === '%' || character === '\\' ? null : character;
}
