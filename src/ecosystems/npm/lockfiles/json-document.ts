import { type JSONVisitor, visit } from 'jsonc-parser';
import { LockfileUnreadable } from '../../lockfile.ts';
import { isObject, record } from '../json.ts';
import { Lines, type LockDocument, MAX_DEPTH } from './document.ts';

/** Objects and arrays in one file: several for each package of more packages than are read. */
const MAX_PARTS = 1_500_000;

/**
 * Reads a JSON object; `relaxed` is JSON with comments and trailing commas, as bun writes it. A key that stands
 * twice in one object is an error: clients take the last one, people see the first.
 * @throws LockfileUnreadable with the line; the column is in its words
 */
export function readJsonDocument(text: string, relaxed: boolean): LockDocument {
  const lines = new Lines();
  /** What is open, outermost first, each with the key that its next value belongs to. */
  const open: { container: Record<string, unknown> | unknown[]; key: string; line: number }[] = [];
  let root: unknown;
  let parts = 0;

  const put = (value: unknown, line: number): void => {
    const inner = open.at(-1);
    if (inner === undefined) root = value;
    else if (Array.isArray(inner.container)) inner.container.push(value);
    else inner.container[inner.key] = value;
    if (typeof value === 'object' && value !== null) {
      lines.set(value, inner && !Array.isArray(inner.container) ? inner.line : line);
    }
  };
  const begin = (container: Record<string, unknown> | unknown[], line: number): void => {
    if (open.length >= MAX_DEPTH) throw new LockfileUnreadable('the file is nested too deeply', line);
    if (++parts > MAX_PARTS) throw new LockfileUnreadable('more parts than any lockfile has', line);
    put(container, line);
    open.push({ container, key: '', line });
  };

  const visitor: JSONVisitor = {
    onObjectBegin: (_offset, _length, line) => begin(record<unknown>(), line + 1),
    onArrayBegin: (_offset, _length, line) => begin([], line + 1),
    onObjectEnd: () => void open.pop(),
    onArrayEnd: () => void open.pop(),
    onObjectProperty: (key, _offset, _length, line, column) => {
      const inner = open.at(-1);
      if (inner === undefined || Array.isArray(inner.container)) return;
      if (Object.hasOwn(inner.container, key)) {
        throw new LockfileUnreadable(`a key stands twice in one object (column ${column + 1})`, line + 1);
      }
      inner.key = key;
      inner.line = line + 1;
    },
    onLiteralValue: (value, _offset, _length, line) => put(value, line + 1),
    onError: (_code, _offset, _length, line, column) => {
      throw new LockfileUnreadable(`the file is not JSON (column ${column + 1})`, line + 1);
    },
  };
  visit(text, visitor, {
    disallowComments: !relaxed,
    allowTrailingComma: relaxed,
    allowEmptyContent: false,
  });
  if (!isObject(root)) throw new LockfileUnreadable('the file is not a JSON object', 1);
  return { root, lineOf: (part) => lines.of(part) };
}
