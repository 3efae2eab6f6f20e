import { LockfileUnreadable } from '../../lockfile.ts';
import { record } from '../json.ts';
import { Lines, type LockDocument } from './document.ts';

/** A quoted text (JSON, whose own reader looks at it then), or a word without anything that would have been quoted. */
const TOKEN = /"(?:[^"\\]|\\["\\/bfnrtu])*"|[A-Za-z0-9@./_~^*<>=|+-][^\s":,\\]*/y;
/** Characters in one line: an entry's patterns are in one. */
const MAX_LINE = 256 * 1024;
/** Entries in one file: several times as many as the largest have. */
const MAX_ENTRIES = 500_000;

/**
 * Reads what yarn 1 writes, line by line: patterns and a colon, fields indented by two, and below `dependencies:` names
 * and ranges indented by four. Every pattern of an entry is a key of the root. A line of any other form is an error, as is
 * a key that stands twice.
 *
 * Yarn's own reader (`@yarnpkg/parsers`) takes the last of two keys, drops the key `__proto__`, gives up at some hundred
 * thousand entries, and knows no lines.
 * @throws LockfileUnreadable
 */
export function readYarnClassicDocument(text: string): LockDocument {
  const lines = new Lines();
  const root = record<unknown>();
  let entry: Record<string, unknown> | null = null;
  let list: Record<string, unknown> | null = null;
  let line = 0;
  let entries = 0;

  const unreadable = (): LockfileUnreadable =>
    new LockfileUnreadable('not a line as yarn 1 writes them', line);
  const put = (into: Record<string, unknown> | null, key: string, value: unknown): void => {
    if (into === null) throw unreadable();
    if (Object.hasOwn(into, key)) throw new LockfileUnreadable('a key stands twice', line);
    into[key] = value;
    if (typeof value === 'object' && value !== null) lines.set(value, line);
  };

  for (let at = 0; at < text.length; ) {
    const newline = text.indexOf('\n', at);
    const end = newline < 0 ? text.length : newline;
    line++;
    if (end - at > MAX_LINE) throw unreadable();
    const content = text.slice(at, end).replace(/\r$/, '');
    at = end + 1;
    if (content === '' || content.startsWith('#')) continue;
    const indent = content.length - content.replace(/^ +/, '').length;
    const words = wordsOf(content, indent);
    if (words === null) throw unreadable();
    if (indent === 0 && words.opens) {
      if (++entries > MAX_ENTRIES) throw new LockfileUnreadable('more entries than any lockfile has', line);
      entry = record<unknown>();
      list = null;
      for (const pattern of words.words) put(root, pattern, entry);
    } else if (words.words.length === 1 && words.opens && indent === 2) {
      list = record<unknown>();
      put(entry, words.words[0] ?? '', list);
    } else if (words.words.length === 2 && !words.opens && !words.commas && (indent === 2 || indent === 4)) {
      if (indent === 2) list = null;
      put(indent === 2 ? entry : list, words.words[0] ?? '', words.words[1]);
    } else {
      throw unreadable();
    }
  }
  return { root, lineOf: (part) => lines.of(part) };
}

/** A line's words, whether commas stand between them, and whether a colon ends it; null where it is of another form. */
function wordsOf(
  content: string,
  indent: number,
): { readonly words: readonly string[]; readonly commas: boolean; readonly opens: boolean } | null {
  const words: string[] = [];
  let commas = false;
  for (let at = indent; ; ) {
    TOKEN.lastIndex = at;
    const token = TOKEN.exec(content)?.[0];
    const word = token === undefined ? null : unquoted(token);
    if (token === undefined || word === null) return null;
    words.push(word);
    at += token.length;
    if (at === content.length) return { words, commas, opens: false };
    if (content[at] === ':' && at + 1 === content.length) {
      return commas || words.length === 1 ? { words, commas, opens: true } : null;
    }
    const comma = content.startsWith(', ', at);
    if (!comma && content[at] !== ' ') return null;
    if (words.length > 1 && comma !== commas) return null;
    commas = comma;
    at += comma ? 2 : 1;
  }
}

function unquoted(token: string): string | null {
  if (!token.startsWith('"')) return token;
  try {
    const value: unknown = JSON.parse(token);
    return typeof value === 'string' ? value : null;
  } catch {
    // Half an escape: the line is none that yarn writes.
    return null;
  }
}
