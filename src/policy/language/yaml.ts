import { type Document, isMap, isNode, isScalar, LineCounter, type Node, visit, type YAMLMap } from 'yaml';
import type { PolicyProblem, PolicySource } from '../policy.ts';
import { quoted } from './words.ts';
import { composed, NO_TABS } from './yaml-parts.ts';

/** Beyond this a policy file is refused; 100,000 rules are about 4 MB. */
export const MAX_POLICY_BYTES = 8 * 1024 * 1024;
/** Beyond this many problems of one file the rest says nothing new. */
const MAX_PROBLEMS = 100;

/**
 * What no text that people review holds: control characters, halves of pairs, what bytes that are no UTF-8 become,
 * and characters that show the text around them in another order than it is read.
 */
const UNREADABLE =
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what it looks for
  /[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\u202a-\u202e\u2066-\u2069\ufffd-\uffff]|\p{Surrogate}/u;

export type DataPath = readonly PropertyKey[];

export interface Position {
  readonly line: number;
  readonly column: number;
}

/** A strictly read YAML file: plain data, and where each part of it stands. */
export interface YamlFile {
  readonly path: string;
  readonly data: unknown;
  /** Where the value at `path` begins, or the nearest thing around it that exists. 1-based. */
  at(path: DataPath): Position;
  /** Where the key itself stands in the map at `path`. */
  atKey(path: DataPath, key: string): Position;
}

/**
 * Reads one YAML 1.2 document of the plain kind that people review: no anchors, aliases, merge keys, tags,
 * directives, tabs, duplicate keys or second documents, and no deep nesting. Never throws: what is wrong is in
 * `problems`.
 */
export function readYaml(source: PolicySource): YamlFile | { readonly problems: readonly PolicyProblem[] } {
  const { path, text } = source;
  const problems: PolicyProblem[] = [];
  const problem = (position: Position, message: string): boolean => {
    if (problems.length < MAX_PROBLEMS) problems.push({ path, ...position, message });
    return problems.length < MAX_PROBLEMS;
  };
  if (Buffer.byteLength(text) > MAX_POLICY_BYTES) {
    problem({ line: 1, column: 1 }, `the file is larger than ${MAX_POLICY_BYTES} bytes`);
    return { problems };
  }
  try {
    const lines = new LineCounter();
    const position = (offset: number): Position => {
      const { line, col } = lines.linePos(offset);
      return { line: Math.max(line, 1), column: Math.max(col, 1) };
    };
    const unreadable = UNREADABLE.exec(text);
    if (unreadable) {
      const before = text.slice(0, unreadable.index).split('\n');
      const code = (unreadable[0].codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0');
      problem(
        { line: before.length, column: (before.at(-1)?.length ?? 0) + 1 },
        `the character U+${code} is not allowed`,
      );
      return { problems };
    }
    const doc = composed(text, lines, (offset, message) => problem(position(offset), message));
    for (const match of text.matchAll(/^[ ]*\t/gm)) {
      const at = position(match.index + match[0].length - 1);
      if (!problem(at, NO_TABS)) break;
    }
    if (doc === null) return { problems };
    const start = (node: unknown): Position => position((isNode(node) ? node.range?.[0] : undefined) ?? 0);
    checkKeys(doc, (node, message) => problem(start(node), message));
    if (doc.contents === null && problems.length === 0) problem({ line: 1, column: 1 }, 'the file is empty');
    if (problems.length > 0) return { problems };

    const nodeAt = (at: DataPath): Node | null => {
      for (let length = at.length; length >= 0; length--) {
        const node = length === 0 ? doc.contents : doc.getIn(at.slice(0, length), true);
        if (isNode(node)) return node;
      }
      return null;
    };
    const keys = new Map<YAMLMap, Map<string, unknown>>();
    return {
      path,
      data: doc.toJS({ maxAliasCount: 0 }),
      at: (at) => start(nodeAt(at)),
      atKey: (at, key) => {
        const map = nodeAt(at);
        if (!isMap(map)) return start(map);
        const own = keys.get(map) ?? keysOf(map);
        keys.set(map, own);
        return start(own.get(key) ?? map);
      },
    };
  } catch {
    // The parser gives up by throwing on what it does not expect; nothing of such a file is used.
    problem({ line: 1, column: 1 }, 'the file cannot be read: it is not YAML');
    return { problems };
  }
}

/** A key is one plain word, which stands once in its map. */
function checkKeys(doc: Document.Parsed, problem: (node: unknown, message: string) => boolean): void {
  visit(doc, {
    Map: (_, map) => {
      const seen = new Set<string>();
      for (const { key } of map.items) {
        const word = isScalar(key) && typeof key.value === 'string' ? key.value : null;
        let fault: string | null = null;
        if (word === null) fault = 'a key must be a plain word';
        else if (Object.hasOwn(Object.prototype, word)) fault = `unknown key ${quoted(word)}`;
        else if (seen.has(word)) fault = `the key ${quoted(word)} stands twice in this map`;
        if (fault !== null && !problem(key, fault)) return visit.BREAK;
        if (word !== null) seen.add(word);
      }
      return undefined;
    },
  });
}

function keysOf(map: YAMLMap): Map<string, unknown> {
  const keys = new Map<string, unknown>();
  for (const { key } of map.items)
    if (isScalar(key) && typeof key.value === 'string') keys.set(key.value, key);
  return keys;
}
