import { Composer, type Document, Lexer, type LineCounter, Parser } from 'yaml';

/** Deeper than anything of the language; what nests without end would exhaust the stack of whoever reads it. */
const MAX_DEPTH = 48;
/** Words, brackets, blanks and so on. 100,000 rules with requirements of their own have about two million. */
const MAX_PARTS = 6_000_000;

/** What a part that begins so is, and what to write instead. */
const REFUSED: Readonly<Record<string, string>> = {
  '&': 'anchors are not allowed: write the value out',
  '*': 'aliases are not allowed: write the value out; a name that begins so stands in quotes',
  '!': 'tags are not allowed: write the value alone',
  '%': 'directives are not allowed',
};

export const NO_TABS = 'tabs are not allowed as indentation';

/** How the lexer says that the next part is a word. */
const WORD_FOLLOWS = '\u001f';

/** Gets an offset and what is wrong there; false: enough is known. */
type OnProblem = (offset: number, message: string) => boolean;

/**
 * Composes one YAML document from its parts, and looks at each part first: what is refused anyway is never built.
 * null where a problem was told.
 */
export function composed(text: string, lines: LineCounter, onProblem: OnProblem): Document.Parsed | null {
  let faults = 0;
  const problem: OnProblem = (offset, message) => {
    faults += 1;
    return onProblem(offset, message);
  };
  const composer = new Composer({
    prettyErrors: false,
    version: '1.2',
    schema: 'core',
    merge: false,
    // Looked for by the caller: the library compares each key with every other one.
    uniqueKeys: false,
    // Not `silent`: that would swallow the error of a second document.
    logLevel: 'error',
  });
  let doc: Document.Parsed | null = null;
  for (const next of composer.compose(checked(text, lines, problem), true, text.length)) {
    if (doc === null) doc = next;
    else if (!problem(next.range[0], 'a policy file holds one document; remove the ---')) break;
  }
  for (const { pos, message, code } of doc ? [...doc.errors, ...doc.warnings] : []) {
    if (!problem(pos[0], code === 'TAB_AS_INDENT' ? NO_TABS : shortened(message))) break;
  }
  return faults > 0 ? null : doc;
}

/** What the parser makes of a text, as long as there is nothing in it that is refused. */
function* checked(text: string, lines: LineCounter, problem: OnProblem): ReturnType<Parser['parse']> {
  lines.addNewLine(0);
  const parser = new Parser(lines.addNewLine);
  const places = new FlowPlaces();
  let isWord = false;
  let parts = 0;
  for (const part of new Lexer().lex(text)) {
    const refused = isWord ? undefined : REFUSED[part.charAt(0)];
    const misplaced = isWord ? null : places.next(part);
    isWord = !isWord && part === WORD_FOLLOWS;
    parts += 1;
    if (refused !== undefined && !problem(parser.offset, refused)) return;
    if (misplaced !== null && !problem(parser.offset, misplaced)) return;
    if (parser.stack.length > MAX_DEPTH) {
      problem(parser.offset, 'is nested too deeply');
      return;
    }
    if (parts > MAX_PARTS) {
      problem(parser.offset, `the file has more than ${MAX_PARTS} parts: make several of it`);
      return;
    }
    yield* parser.next(part);
  }
  yield* parser.end();
}

/**
 * Whether lists and maps in brackets have their commas. The composer would find the same, in time that grows with the
 * square of what is wrong.
 */
class FlowPlaces {
  #depth = 0;
  /** `start`: a bracket was opened; `end`: one was closed; `comma`; null: anything else. */
  #last: 'start' | 'end' | 'comma' | null = null;

  /** What is wrong with the next part, or null. */
  next(part: string): string | null {
    const first = part.charAt(0);
    const isBlank = first === ' ' || first === '\t' || first === '#';
    const isLine = first === '\n' || first === '\r';
    if (isBlank || (isLine && this.#depth > 0)) return null;
    const last = this.#last;
    if (first === '[' || first === '{') {
      this.#depth += 1;
      this.#last = 'start';
    } else if (first === ']' || first === '}') {
      this.#depth = Math.max(0, this.#depth - 1);
      this.#last = 'end';
      return null;
    } else {
      this.#last = first === ',' ? 'comma' : null;
    }
    if (first === ',')
      return last === 'start' || last === 'comma' ? 'nothing stands before this comma' : null;
    return last === 'end' && !isLine && first !== ':'
      ? 'a comma or the end of the line is missing here'
      : null;
  }
}

/** The library's words, on one line and not longer than one. */
function shortened(message: string): string {
  const line = message.replaceAll(/[\s\p{Cc}]+/gu, ' ');
  return line.length > 200 ? `${line.slice(0, 200)}…` : line;
}
