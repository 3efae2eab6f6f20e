import { isDirectUrl } from './core-metadata.ts';

/**
 * Whether a pyproject.toml asks for a build requirement by address (`[build-system] requires`, PEP 518). Not
 * a TOML reader: every array after a key `requires`, in whatever table, is looked through, and what cannot be
 * followed (an escape, an array without an end, half a megabyte) counts as an address. So it errs to the safe side only.
 */
export function buildLeadsAway(bytes: Uint8Array): boolean {
  if (bytes.length > MAX_LENGTH) return true;
  const text = Buffer.from(bytes).toString('utf8');
  // A key can be written with escapes: "requ\u0069res" (at most 80 characters). Nobody does.
  for (const [key] of text.matchAll(/"(?:[^"\\\n]|\\.){0,100}"[ \t]*=/g)) {
    if (key.includes('\\')) return true;
  }
  let arrays = 0;
  for (const match of text.matchAll(/requires["']?[ \t]*=[ \t]*\[/g)) {
    arrays += 1;
    if (arrays > MAX_ARRAYS) return true;
    const values = strings(text, match.index + match[0].length);
    if (!values || values.some((value) => isDirectUrl(value) || value.includes('\\'))) return true;
  }
  return false;
}

/** No project has a longer one, and the search below must stay short. */
const MAX_LENGTH = 512 * 1024;
/** Each array may be followed to the end of the file, so there may not be many. */
const MAX_ARRAYS = 50;

/** The strings of an array, raw, up to its closing bracket; null where it has none. */
function strings(text: string, from: number): string[] | null {
  const found: string[] = [];
  const token =
    /#[^\n]*|"""([\s\S]*?)"""|'''([\s\S]*?)'''|"((?:[^"\\\n]|\\.)*)"|'([^'\n]*)'|[\s,]+|(\])|[\s\S]/y;
  token.lastIndex = from;
  for (let match = token.exec(text); match; match = token.exec(text)) {
    if (match[5]) return found;
    const value = match.slice(1, 5).find((part) => part !== undefined);
    if (value !== undefined) found.push(value);
    else if (!/^[\s,#]/.test(match[0])) return null;
  }
  return null;
}
