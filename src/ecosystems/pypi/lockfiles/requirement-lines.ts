import { LockfileUnreadable } from '../../lockfile.ts';

/** Characters in one joined line: each may be a word of its own, which costs some fifty bytes. */
const MAX_LINE = 16 * 1024 * 1024;

/** A line of a requirements file as pip sees it: joined, without comments, not empty. */
export interface LogicalLine {
  readonly text: string;
  /** Of its first physical line, from 1. */
  readonly number: number;
}

/**
 * Where Python's `splitlines` ends a line, which is what pip reads by, beside LF and CRLF: in more places than an editor
 * shows. A line that only it sees must not be missed.
 */
const LINE_ENDS: ReadonlySet<number> = new Set([
  0x0a, 0x0b, 0x0c, 0x0d, 0x1c, 0x1d, 0x1e, 0x85, 0x2028, 0x2029,
]);

function* physicalLines(text: string): Generator<string> {
  let start = 0;
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code > 0x1e && code < 0x85) continue;
    if (!LINE_ENDS.has(code)) continue;
    yield text.slice(start, at);
    if (code === 0x0d && text.charCodeAt(at + 1) === 0x0a) at++;
    start = at + 1;
  }
  yield text.slice(start);
}

/**
 * Joins physical lines that end in a backslash, and takes comments away. A comment ends what was joined before it.
 * @throws LockfileUnreadable where a joined line is longer than any is
 */
export function* logicalLines(text: string): Generator<LogicalLine> {
  let joined: string[] = [];
  let first = 1;
  let number = 0;
  let length = 0;
  for (const line of physicalLines(text)) {
    number += 1;
    if (joined.length === 0) {
      if (line === '') continue;
      first = number;
      length = 0;
    }
    length += line.length + 1;
    if (length > MAX_LINE) throw new LockfileUnreadable('a line longer than any requirement is', first);
    const comment = isComment(line);
    if (line.endsWith('\\') && !comment) {
      joined.push(withoutBackslashes(line));
      continue;
    }
    joined.push(comment ? ` ${line}` : line);
    yield* uncommented(joined.join(''), first);
    joined = [];
  }
  yield* uncommented(joined.join(''), first);
}

/** As Python's `strip` of backslashes: at both ends. */
function withoutBackslashes(line: string): string {
  let [start, end] = [0, line.length];
  while (line[start] === '\\') start += 1;
  while (end > start && line[end - 1] === '\\') end -= 1;
  return line.slice(start, end);
}

function isComment(line: string): boolean {
  return line.trimStart().startsWith('#');
}

/** A `#` begins a comment at the line's begin or after white space; in `…#egg=x` it does not. */
function* uncommented(line: string, number: number): Generator<LogicalLine> {
  let end = line.length;
  for (let at = line.indexOf('#'); at >= 0; at = line.indexOf('#', at + 1)) {
    if (at === 0 || /\s/.test(line.charAt(at - 1))) {
      end = at;
      break;
    }
  }
  const text = line.slice(0, end).trim();
  if (text !== '') yield { text, number };
}
