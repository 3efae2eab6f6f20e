import { leafHash } from '../ledger/canonical.ts';
import type { StoredEntry } from '../ledger/ledger.ts';

/** What an entry says, by field (ledger/entry.ts); any of them may be missing, and of another kind than it should be. */
export type Fields = Readonly<Record<string, unknown>>;

/** A log that entries of this ledger are in: `seq` of an entry is its place in the ledger, `seq - base` in its log. */
export interface LogPlace {
  readonly number: number;
  readonly origin: string;
  readonly base: number;
}

/** An entry with its place in a log. */
export interface LoggedEntry extends StoredEntry {
  /** The log and the entry's index in it; null where the ledger has no log yet. */
  readonly log: { readonly number: number; readonly origin: string; readonly index: number } | null;
  readonly fields: Fields;
}

/**
 * Reads a stored entry. Null where its bytes were withdrawn from reading (they are empty then). `logs` in any order.
 * Throws for bytes that are no JSON object, or not those of the leaf hash: such a ledger is damaged, and nothing is left out
 * of an export in silence, or is in it that was never entered.
 */
export function loggedEntry(stored: StoredEntry, logs: readonly LogPlace[]): LoggedEntry | null {
  if (stored.bytes === '') return null;
  let fields: unknown;
  try {
    fields = JSON.parse(stored.bytes);
  } catch (cause) {
    throw new Error(`entry ${stored.seq} cannot be read; see sallyport ledger verify`, { cause });
  }
  if (typeof fields !== 'object' || fields === null || Array.isArray(fields))
    throw new Error(`entry ${stored.seq} is no object; see sallyport ledger verify`);
  if (leafHash(stored.bytes) !== stored.leaf)
    throw new Error(`entry ${stored.seq} is not what its leaf hash says; see sallyport ledger verify`);
  const log = logs
    .filter(({ base }) => base <= stored.seq)
    .reduce<LogPlace | null>((last, one) => (last && last.number > one.number ? last : one), null);
  return {
    ...stored,
    log: log && { number: log.number, origin: log.origin, index: stored.seq - log.base },
    fields: fields as Fields,
  };
}

export function textOf(fields: Fields, key: string): string | undefined {
  const value = Object.hasOwn(fields, key) ? fields[key] : undefined;
  return typeof value === 'string' ? value : undefined;
}

export function integerOf(fields: Fields, key: string): number | undefined {
  const value = Object.hasOwn(fields, key) ? fields[key] : undefined;
  return typeof value === 'number' && Number.isSafeInteger(value) ? value : undefined;
}

/** A member that is an object; an empty one where there is none. */
export function objectOf(fields: Fields, key: string): Fields {
  const value = Object.hasOwn(fields, key) ? fields[key] : undefined;
  return isObject(value) ? value : {};
}

/** The objects of a list; none where there is no list. */
export function objectsOf(fields: Fields, key: string): readonly Fields[] {
  const value = Object.hasOwn(fields, key) ? fields[key] : undefined;
  return Array.isArray(value) ? value.filter(isObject) : [];
}

/** The texts of a list; none where there is no list. */
export function textsOf(fields: Fields, key: string): readonly string[] {
  const value = Object.hasOwn(fields, key) ? fields[key] : undefined;
  return Array.isArray(value) ? value.filter((one) => typeof one === 'string') : [];
}

/** The codes of a list of reasons, each once, in their order. */
export function codesOf(fields: Fields, key: string): readonly string[] {
  const codes = objectsOf(fields, key).map((one) => textOf(one, 'code'));
  return [...new Set(codes.filter((code) => code !== undefined))];
}

/** When the entry was made, ISO 8601 in UTC. */
export function timeOf(fields: Fields): string {
  const time = integerOf(fields, 'time');
  if (time === undefined || time < 0 || time > MAX_TIME) throw new Error('an entry has no time');
  return new Date(time).toISOString();
}

/** The end of the year 9999, beyond which ISO 8601 needs a sign. */
const MAX_TIME = Date.UTC(10_000, 0, 1) - 1;

function isObject(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
