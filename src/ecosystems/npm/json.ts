import { isBoundedJson } from '../json-bounds.ts';

/** A JSON object of unknown origin. Read it with `own`, never by dot: keys such as `constructor` are inherited. */
export type JsonObject = Readonly<Record<string, unknown>>;

/** True for a JSON object; false for arrays, null and scalars. */
export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The value of a key that the object has itself; undefined otherwise. */
export function own(object: JsonObject, key: string): unknown {
  return Object.hasOwn(object, key) ? object[key] : undefined;
}

/** Throws on bytes that are not UTF-8, or no JSON, or more than one string can hold or a parser should. */
function parseJson(bytes: Uint8Array): unknown {
  if (!isBoundedJson(bytes)) throw new SyntaxError('more brackets than any document has');
  return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
}

/** A JSON object in UTF-8; null where the bytes are anything else. */
export function parseObject(bytes: Uint8Array): JsonObject | null {
  try {
    const parsed = parseJson(bytes);
    return isObject(parsed) ? parsed : null;
  } catch {
    // The caller decides what unreadable bytes mean; none of them goes on with a guess.
    return null;
  }
}

/** An object without a prototype, so that no key of it ever meets an inherited one. */
export function record<T>(): Record<string, T> {
  return Object.create(null);
}

/** A document as UTF-8 JSON. */
export function jsonBytes(document: unknown): Uint8Array {
  return Buffer.from(JSON.stringify(document), 'utf8');
}
