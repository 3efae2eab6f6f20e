import { hash } from 'node:crypto';
import canonicalize from 'canonicalize';
import type { EntryDraft } from './ledger.ts';
import { LedgerError } from './ledger.ts';

/** The version of the entry format, in every entry as `v`. */
export const ENTRY_VERSION = 1;

/** Bytes of one entry in UTF-8. Tiles of a transparency log hold at most 65,535 (C2SP tlog-tiles). */
export const MAX_ENTRY_BYTES = 16 * 1024;

/** Objects and arrays inside one another, the entry itself counted. */
export const MAX_ENTRY_DEPTH = 8;

/** Every type that an entry can have. */
export const ENTRY_TYPES: ReadonlySet<string> = new Set<EntryDraft['type']>([
  'decision',
  'served',
  'aborted',
  'policy',
  'admin',
  'start',
  'stop',
  'alarm',
  'log',
  'tally',
]);

/**
 * The exact bytes of an entry, as text: RFC 8785 (JCS) over strings, safe integers, arrays and objects, with
 * `v` added. Text is kept as given (no Unicode normalisation). Throws LedgerError `malformed` for anything
 * else (null, booleans, fractions, lone surrogates, holes, class instances) and `too-large`.
 */
export function entryBytes(draft: EntryDraft): string {
  if (!ENTRY_TYPES.has(draft.type)) throw malformed('has no known type');
  if (Object.hasOwn(draft, 'v')) throw malformed('brings its own version');
  if (!Number.isSafeInteger(draft.time) || draft.time < 0) throw malformed('has no time in milliseconds');
  if (typeof draft.id !== 'string' || draft.id === '' || draft.id.length > 128) throw malformed('has no id');
  checkValue(draft, 1, { left: MAX_ENTRY_BYTES });
  const bytes = canonicalize({ ...draft, v: ENTRY_VERSION });
  if (bytes === undefined) throw malformed('cannot be written');
  if (Buffer.byteLength(bytes) > MAX_ENTRY_BYTES) throw tooLarge();
  return bytes;
}

/** The leaf hash of RFC 6962 section 2.1, lower-case hex: SHA-256(0x00 || entry bytes). */
export function leafHash(bytes: string): string {
  return hash('sha256', `\0${bytes}`, 'hex');
}

/** Walks what JSON would write; `budget` ends the walk over a huge draft before it is serialised. */
function checkValue(value: unknown, depth: number, budget: { left: number }): void {
  if (typeof value === 'string') {
    checkText(value, budget);
    return;
  }
  if (typeof value === 'number') {
    spend(budget, 1);
    if (!Number.isSafeInteger(value)) throw malformed('holds a number that is no safe integer');
    return;
  }
  if (typeof value !== 'object' || value === null)
    throw malformed(`holds ${value === null ? 'null' : typeof value}`);
  if (depth > MAX_ENTRY_DEPTH) throw malformed('is nested too deep');
  // canonicalize would call it and write what it returns.
  if (typeof (value as { toJSON?: unknown }).toJSON === 'function')
    throw malformed('holds an object with toJSON');
  if (Array.isArray(value)) {
    for (let i = 0; i < value.length; i++) {
      spend(budget, 1);
      checkValue(value[i], depth + 1, budget);
    }
    return;
  }
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype !== Object.prototype && prototype !== null) throw malformed('holds an object with a class');
  for (const [key, member] of Object.entries(value)) {
    checkText(key, budget);
    checkValue(member, depth + 1, budget);
  }
}

function checkText(text: string, budget: { left: number }): void {
  spend(budget, text.length);
  if (!text.isWellFormed()) throw malformed('holds text with a lone surrogate');
}

function spend(budget: { left: number }, amount: number): void {
  budget.left -= amount;
  if (budget.left < 0) throw tooLarge();
}

function malformed(what: string): LedgerError {
  return new LedgerError('malformed', `a ledger entry ${what}`);
}

function tooLarge(): LedgerError {
  return new LedgerError('too-large', `a ledger entry would be larger than ${MAX_ENTRY_BYTES} bytes`);
}
