import { ENTRY_TYPES, ENTRY_VERSION, entryBytes, MAX_ENTRY_BYTES, MAX_ENTRY_DEPTH } from '../canonical.ts';
import type { EntryDraft } from '../ledger.ts';
import { LedgerError } from '../ledger.ts';

/** An entry as it was read. */
export type ReadEntry = Readonly<Record<string, unknown>>;

const UTF8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/**
 * Reads an entry's bytes: UTF-8, RFC 8785, version and type as this program knows them, no larger than an entry may be.
 * What is wrong with it otherwise, as words.
 */
export function readForm(bytes: Buffer): ReadEntry | string {
  if (bytes.length > MAX_ENTRY_BYTES) return `has ${bytes.length} bytes, more than ${MAX_ENTRY_BYTES}`;
  let text: string;
  let entry: unknown;
  try {
    text = UTF8.decode(bytes);
  } catch {
    return 'is not UTF-8';
  }
  try {
    entry = JSON.parse(text);
  } catch {
    return 'is not JSON';
  }
  if (typeof entry !== 'object' || entry === null || Array.isArray(entry)) return 'is no JSON object';
  const { v, type, time, id } = entry as Record<string, unknown>;
  if (v !== ENTRY_VERSION) return 'is of no version that is known here';
  if (typeof type !== 'string' || !ENTRY_TYPES.has(type)) return 'has no type that is known here';
  const plain =
    typeof time === 'number' && time >= 0 && typeof id === 'string' && id !== '' && id.length <= 128;
  return plain && isPlain(entry, 1) && JSON.stringify(entry) === text
    ? (entry as ReadEntry)
    : writtenAgain(entry as ReadEntry, text);
}

/**
 * Whether a value is of the entries' subset with the members of each object in the order of RFC 8785. If JSON.stringify
 * then gives back the text, that is its canonical form: strings and integers are written by ECMAScript's own rules (RFC
 * 8785 section 3.2.2). It is a sixth of the work of writing it by the canonicaliser.
 */
function isPlain(value: unknown, depth: number): boolean {
  if (typeof value === 'string') return value.isWellFormed();
  if (typeof value === 'number') return Number.isSafeInteger(value);
  if (typeof value !== 'object' || value === null || depth > MAX_ENTRY_DEPTH) return false;
  if (Array.isArray(value)) {
    for (const item of value) if (!isPlain(item, depth + 1)) return false;
    return true;
  }
  let before = '';
  for (const key in value) {
    // UTF-16 code units, as the comparison of strings here is.
    if (key < before || !key.isWellFormed()) return false;
    before = key;
    if (!isPlain((value as Record<string, unknown>)[key], depth + 1)) return false;
  }
  return true;
}

/** The last word: what JSON.parse forgives (white space, a member twice, another spelling) is written otherwise. */
function writtenAgain(entry: ReadEntry, text: string): ReadEntry | string {
  const { v: _, ...draft } = entry;
  try {
    return entryBytes(draft as EntryDraft) === text ? entry : 'is not in canonical form (RFC 8785)';
  } catch (error) {
    if (error instanceof LedgerError) return error.message.replace(/^a ledger entry /, '');
    throw error;
  }
}
