import { isMap, isScalar, isSeq, LineCounter, type Node, parseDocument, Schema } from 'yaml';
import { LockfileUnreadable } from '../../lockfile.ts';
import { isObject, type JsonObject, record } from '../json.ts';
import { Lines, type LockDocument, MAX_DEPTH } from './document.ts';

/*
 * Lockfiles in YAML are large and plain. A general reader needs a hundred times a file's size in memory, so they are cut
 * where a block mapping's next key begins, and each piece is read strictly by itself. A piece that was cut wrongly
 * (inside a quoted text, or a flow mapping that goes on in the first column) is no whole YAML, and is refused.
 */

/** Every scalar is a text. One for all pieces: making one costs as much as reading an entry. */
const TEXTS = new Schema({ schema: 'failsafe', merge: false });
/** Characters in one piece: an entry, or a list of settings. */
const MAX_PIECE = 512 * 1024;
/** Pieces in one file: packages, snapshots and times of a hundred thousand packages. */
const MAX_PIECES = 500_000;

interface Piece {
  readonly text: string;
  readonly line: number;
}

/**
 * Reads a mapping of YAML 1.2, every scalar as the text that it is: no anchors, aliases, merge keys, tags,
 * directives, further documents, or keys that stand twice. `firstLine` is the line on which it begins.
 * @throws LockfileUnreadable
 */
export function readYamlDocument(text: string, firstLine = 1): LockDocument {
  const lines = new Lines();
  const root = record<unknown>();
  let pieces = 0;
  const count = (line: number): void => {
    if (++pieces > MAX_PIECES) throw new LockfileUnreadable('more entries than any lockfile has', line);
  };
  for (const block of piecesOf(text, '', firstLine)) {
    count(block.line);
    const section = sectionOf(block.text);
    if (section === null) {
      put(root, readPiece(block, lines), block.line);
      continue;
    }
    const entries = record<unknown>();
    lines.set(entries, block.line);
    put(root, [section.key, entries], block.line);
    for (const piece of piecesOf(section.body, '  ', block.line + 1)) {
      count(piece.line);
      put(entries, readPiece(piece, lines), piece.line);
    }
  }
  return { root, lineOf: (part) => lines.of(part) };
}

/**
 * The documents of a YAML stream with the lines on which they begin. `---` alone in a line ends a document wherever it
 * stands, so nothing needs to be parsed for it.
 */
export function* yamlDocumentsOf(text: string): Generator<{ readonly text: string; readonly line: number }> {
  let from = 0;
  let fromLine = 1;
  let line = 1;
  for (let at = 0; at <= text.length; line++) {
    const newline = text.indexOf('\n', at);
    const end = newline < 0 ? text.length : newline;
    if (text.startsWith('---', at) && text.slice(at, end).trimEnd() === '---') {
      if (text.slice(from, at).trim() !== '') yield { text: text.slice(from, at), line: fromLine };
      from = Math.min(end + 1, text.length);
      fromLine = line + 1;
    }
    at = end + 1;
  }
  yield { text: text.slice(from), line: fromLine };
}

function put(into: Record<string, unknown>, [key, value]: readonly [string, unknown], line: number): void {
  if (Object.hasOwn(into, key)) throw new LockfileUnreadable('a key stands twice', line);
  into[key] = value;
}

/** A block that is a word in a line of its own, and below it nothing but keys indented by two. */
function sectionOf(text: string): { readonly key: string; readonly body: string } | null {
  const head = /^([A-Za-z]{1,64}):[ ]*\r?\n/.exec(text);
  if (head?.[1] === undefined) return null;
  const body = text.slice(head[0].length);
  for (let at = 0; at < body.length; ) {
    const newline = body.indexOf('\n', at);
    const end = newline < 0 ? body.length : newline + 1;
    if (!isBlank(body, at, end)) {
      return /^ {2}[^ \r\n#-]/.test(body.slice(at, at + 3)) ? { key: head[1], body } : null;
    }
    at = end;
  }
  return null;
}

/** Cuts a block mapping before each line that begins with `indent` and a key. */
function* piecesOf(text: string, indent: string, firstLine: number): Generator<Piece> {
  let from = -1;
  let fromLine = 0;
  let line = firstLine;
  for (let at = 0; at < text.length; line++) {
    const newline = text.indexOf('\n', at);
    const end = newline < 0 ? text.length : newline + 1;
    if (!isBlank(text, at, end)) {
      if (isBoundary(text, at))
        throw new LockfileUnreadable('directives and further documents are not read', line);
      if (!text.startsWith(indent, at))
        throw new LockfileUnreadable('a line that is indented unlike the others', line);
      const first = text[at + indent.length];
      // `: ` in the place of a key is the value of the long key above it (`? `).
      if (first !== ' ' && first !== ':') {
        if (from >= 0) yield { text: text.slice(from, at), line: fromLine };
        from = at;
        fromLine = line;
      } else if (from < 0) {
        throw new LockfileUnreadable('a line that is indented unlike the others', line);
      }
    }
    at = end;
  }
  if (from >= 0) yield { text: text.slice(from), line: fromLine };
}

/** Nothing but blanks or a comment. */
function isBlank(text: string, at: number, end: number): boolean {
  let i = at;
  while (i < end && text[i] === ' ') i++;
  return i >= end || text[i] === '\n' || text[i] === '\r' || text[i] === '#';
}

function isBoundary(text: string, at: number): boolean {
  return text[at] === '%' || text.startsWith('---', at) || text.startsWith('...', at);
}

/** A piece as its one key and value. */
function readPiece({ text, line }: Piece, lines: Lines): readonly [string, unknown] {
  if (text.length > MAX_PIECE) throw new LockfileUnreadable('an entry longer than any lockfile has', line);
  if (nestsDeeply(text)) throw new LockfileUnreadable('the file is nested too deeply', line);
  const counter = new LineCounter();
  const lineOf = (offset: number | undefined): number => line + counter.linePos(offset ?? 0).line - 1;
  let contents: unknown;
  try {
    const document = parseDocument(text, {
      lineCounter: counter,
      prettyErrors: false,
      version: '1.2',
      schema: TEXTS,
      // The library compares every key with every other one; `plain` looks each up.
      uniqueKeys: false,
      logLevel: 'error',
    });
    const [fault] = [...document.errors, ...document.warnings];
    if (fault) throw new LockfileUnreadable('the file is not YAML', lineOf(fault.pos[0]));
    contents = plain(document.contents, 0, lineOf, lines);
  } catch (error) {
    if (error instanceof LockfileUnreadable) throw error;
    // Nesting that exhausts the stack, or a fault of the library: nothing of such a file is used.
    throw new LockfileUnreadable('the file is not YAML that can be read', line);
  }
  const [entry, further] = isObject(contents) ? Object.entries(contents) : [];
  if (entry === undefined || further !== undefined)
    throw new LockfileUnreadable('not one entry by name', line);
  const [, value] = entry;
  if (typeof value === 'object' && value !== null) lines.set(value, line);
  return entry;
}

/** Far more brackets opened than closed, wherever they stand: the library takes minutes to say that they are too many. */
function nestsDeeply(text: string): boolean {
  let open = 0;
  for (let i = 0; i < text.length && open <= 10 * MAX_DEPTH; i++) {
    if (text[i] === '[' || text[i] === '{') open++;
    else if (text[i] === ']' || text[i] === '}') open--;
  }
  return open > 10 * MAX_DEPTH;
}

type LineOf = (offset: number | undefined) => number;

function plain(node: unknown, depth: number, lineOf: LineOf, lines: Lines): unknown {
  const line = lineOf((node as Node | null)?.range?.[0]);
  if (depth > MAX_DEPTH) throw new LockfileUnreadable('the file is nested too deeply', line);
  if (!isMap(node) && !isSeq(node) && !isScalar(node)) {
    throw new LockfileUnreadable('aliases are not read in a lockfile', line);
  }
  if (node.anchor !== undefined || node.tag !== undefined) {
    throw new LockfileUnreadable('anchors and tags are not read in a lockfile', line);
  }
  if (isScalar(node)) return typeof node.value === 'string' ? node.value : '';
  if (isSeq(node)) {
    const items = node.items.map((item) => plain(item, depth + 1, lineOf, lines));
    lines.set(items, line);
    return items;
  }
  const map = record<unknown>();
  lines.set(map, line);
  for (const { key, value } of node.items) {
    const name = plain(key, depth + 1, lineOf, lines);
    const at = lineOf(isScalar(key) ? key.range?.[0] : undefined);
    // Clients merge what stands behind `<<` into the object around it.
    if (typeof name !== 'string' || name === '<<') throw new LockfileUnreadable('a key that is no name', at);
    const inner = value === null ? '' : plain(value, depth + 1, lineOf, lines);
    if (typeof inner === 'object' && inner !== null) lines.set(inner, at);
    put(map, [name, inner], at);
  }
  return map satisfies JsonObject;
}
