import { isMap, isNode, isPair, isScalar, LineCounter, type Node, parseDocument, visit } from 'yaml';
import type { PolicyProblem, PolicySource } from './policy.ts';
import { quoted } from './words.ts';

/** Beyond this a policy file is refused; 100,000 rules are about 3 MB. */
export const MAX_POLICY_BYTES = 8 * 1024 * 1024;
/** Beyond this many problems of one file the rest says nothing new. */
const MAX_PROBLEMS = 100;

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
 * directives, tabs, duplicate keys or second documents. Never throws: what is wrong is in `problems`.
 */
export function readYaml(source: PolicySource): YamlFile | { readonly problems: readonly PolicyProblem[] } {
  const { path, text } = source;
  const problems: PolicyProblem[] = [];
  const problem = (position: Position, message: string): void => {
    if (problems.length < MAX_PROBLEMS) problems.push({ path, ...position, message });
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
    const doc = parseDocument(text, {
      lineCounter: lines,
      prettyErrors: false,
      version: '1.2',
      schema: 'core',
      merge: false,
      uniqueKeys: true,
      // Not `silent`: that would swallow the error of a second document.
      logLevel: 'error',
    });
    for (const fault of [...doc.errors, ...doc.warnings]) {
      const several = fault.code === 'MULTIPLE_DOCS';
      problem(
        position(fault.pos[0]),
        several ? 'a policy file holds one document; remove the ---' : fault.message,
      );
    }
    for (const match of text.matchAll(/^[ ]*\t/gm)) {
      problem(position(match.index + match[0].length - 1), 'tabs are not allowed as indentation');
    }
    // `%YAML 1.1` would make false of `off`, and a %TAG could give a word another meaning.
    const directive = /^%/m.exec(text);
    if (directive && (doc.directives?.yaml.explicit || Object.keys(doc.directives?.tags ?? {}).length > 1)) {
      problem(position(directive.index), 'directives are not allowed');
    }
    const start = (node: unknown): Position => position((isNode(node) ? node.range?.[0] : undefined) ?? 0);
    visit(doc, {
      Alias: (_, node) => problem(start(node), 'aliases are not allowed: write the value out'),
      Value: (_, node) => {
        if (node.anchor !== undefined) problem(start(node), 'anchors are not allowed: write the value out');
        if (node.tag !== undefined) problem(start(node), `tags are not allowed: ${quoted(node.tag)}`);
      },
      Pair: (_, pair) => {
        if (!isScalar(pair.key) || typeof pair.key.value !== 'string') {
          problem(start(pair.key), 'a key must be a plain word');
        } else if (Object.hasOwn(Object.prototype, pair.key.value)) {
          problem(start(pair.key), `unknown key ${quoted(pair.key.value)}`);
        }
      },
    });
    if (doc.contents === null && problems.length === 0) problem({ line: 1, column: 1 }, 'the file is empty');
    if (problems.length > 0) return { problems };

    const nodeAt = (at: DataPath): Node | null => {
      for (let length = at.length; length >= 0; length--) {
        const node = length === 0 ? doc.contents : doc.getIn(at.slice(0, length), true);
        if (isNode(node)) return node;
      }
      return null;
    };
    return {
      path,
      data: doc.toJS({ maxAliasCount: 0 }),
      at: (at) => start(nodeAt(at)),
      atKey: (at, key) => {
        const map = nodeAt(at);
        const pair = isMap(map)
          ? map.items.find((item) => isPair(item) && isScalar(item.key) && item.key.value === key)
          : undefined;
        return start(pair?.key ?? map);
      },
    };
  } catch (error) {
    // The parser gives up by throwing where nesting exhausts the stack; nothing of such a file is used.
    const why = error instanceof RangeError ? 'it is nested too deeply' : 'it is not YAML';
    problem({ line: 1, column: 1 }, `the file cannot be read: ${why}`);
    return { problems };
  }
}
