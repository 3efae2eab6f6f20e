import { LockfileUnreadable } from '../../lockfile.ts';
import { isObject, type JsonObject, own } from '../json.ts';

/** Deeper than any lockfile; also what keeps the readers' recursion bounded. */
export const MAX_DEPTH = 100;

/**
 * A lockfile read into plain data: objects without a prototype, whose keys were each there once, arrays and scalars.
 * Every object and array knows its line.
 */
export interface LockDocument {
  readonly root: JsonObject;
  /** From 1: the line of the key that an object or array stands behind; null for scalars. */
  lineOf(part: unknown): number | null;
}

/** Where the parts of a document stand. */
export class Lines {
  readonly #lines = new WeakMap<object, number>();

  set(part: object, line: number): void {
    this.#lines.set(part, line);
  }

  of(part: unknown): number | null {
    return typeof part === 'object' && part !== null ? (this.#lines.get(part) ?? null) : null;
  }
}

/**
 * The object under a key; null where there is none.
 * @throws LockfileUnreadable where there is something else
 */
export function objectAt(parent: JsonObject, key: string, line: number | null): JsonObject | null {
  const value = own(parent, key);
  if (value === undefined) return null;
  if (!isObject(value)) throw new LockfileUnreadable(`"${key}" must hold entries by name`, line);
  return value;
}

/**
 * The text under a key; null where there is none.
 * @throws LockfileUnreadable where there is something else
 */
export function textAt(parent: JsonObject, key: string, line: number | null): string | null {
  const value = own(parent, key);
  if (value === undefined) return null;
  if (typeof value !== 'string') throw new LockfileUnreadable(`"${key}" must be a text`, line);
  return value;
}
