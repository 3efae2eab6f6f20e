/** A line of a requirements file as pip sees it: joined, without comments, not empty. */
export interface LogicalLine {
  readonly text: string;
  /** Of its first physical line, from 1. */
  readonly number: number;
}

/**
 * Where Python's `splitlines` ends a line, which is what pip reads by: in more places than an editor shows. A line that
 * only it sees must not be missed.
 */
// biome-ignore lint/suspicious/noControlCharactersInRegex: they end lines
const LINE_END = /\r\n|[\n\r\v\f\x1c-\x1e\x85\u2028\u2029]/;

/** Joins physical lines that end in a backslash, and takes comments away. A comment ends what was joined before it. */
export function* logicalLines(text: string): Generator<LogicalLine> {
  let joined: string[] = [];
  let first = 1;
  let number = 0;
  for (const line of text.split(LINE_END)) {
    number += 1;
    if (joined.length === 0) first = number;
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
