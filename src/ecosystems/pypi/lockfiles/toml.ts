import { parse, TomlError } from 'smol-toml';
import { LockfileUnreadable } from '../../lockfile.ts';
import { lockfileText } from '../../npm/lockfiles/text.ts';
import { isObject, type JsonObject, own } from '../json.ts';

/** Tables, arrays, keys and their parts in one document: several times as many as the largest lockfiles have. */
const MAX_PARTS = 6_000_000;

/** Tables within one another by a dotted key: lockfiles have three. */
const MAX_DOTS = 64;

/** Arrays and inline tables within one another. */
const MAX_DEPTH = 64;

/** A lockfile in TOML 1.0. Read its tables with `own`: their keys may be `__proto__`. @throws LockfileUnreadable */
export function readToml(text: string): JsonObject {
  const toml = lockfileText(text);
  if (!isBounded(toml)) throw new LockfileUnreadable('the lockfile has more parts than any lockfile has');
  try {
    return parse(toml, { maxDepth: MAX_DEPTH });
  } catch (error) {
    // The parser's own words repeat the text.
    const line = error instanceof TomlError ? error.line : null;
    throw new LockfileUnreadable('the lockfile is not TOML that has one meaning', line);
  }
}

/**
 * Whether the text stays within what its parser can hold: a few bytes can each be a table that costs some hundred. Counts
 * outside of strings. Says nothing about whether the text is TOML.
 */
function isBounded(toml: string): boolean {
  let parts = 0;
  let dots = 0;
  for (let i = 0; i < toml.length; i++) {
    switch (toml.charCodeAt(i)) {
      case 0x22: // "
      case 0x27: // '
        i = stringEnd(toml, i);
        break;
      case 0x23: // #
        i = lineEnd(toml, i);
        dots = 0;
        break;
      case 0x0a:
        dots = 0;
        break;
      case 0x2e: // .
        dots += 1;
        parts += 1;
        if (dots > MAX_DOTS) return false;
        break;
      case 0x2c: // ,
        dots = 0;
        parts += 1;
        break;
      case 0x3d: // =
      case 0x5b: // [
      case 0x7b: // {
        parts += 1;
        break;
    }
  }
  return parts <= MAX_PARTS;
}

/** The index of the last character of the string that begins there. */
function stringEnd(toml: string, start: number): number {
  const quote = toml[start] ?? '"';
  const long = quote.repeat(3);
  if (toml.startsWith(long, start)) {
    let end = toml.indexOf(long, start + 3);
    while (end >= 0 && quote === '"' && isEscaped(toml, end)) end = toml.indexOf(long, end + 1);
    return end < 0 ? toml.length : end + 2;
  }
  for (let i = start + 1; i < toml.length; i++) {
    if (toml[i] === quote || toml[i] === '\n') return i;
    if (toml[i] === '\\' && quote === '"') i++;
  }
  return toml.length;
}

function isEscaped(toml: string, at: number): boolean {
  let slashes = 0;
  while (toml[at - 1 - slashes] === '\\') slashes += 1;
  return slashes % 2 === 1;
}

function lineEnd(toml: string, start: number): number {
  const end = toml.indexOf('\n', start);
  return end < 0 ? toml.length : end;
}

/** One table of an array of tables, with the line of its header. */
export interface Row {
  readonly table: JsonObject;
  /** null where headers and tables do not match one by one. */
  readonly line: number | null;
}

/**
 * The tables under `[[key]]`; none where the key is missing. The parser gives no lines: they are those of the headers,
 * as long as there are as many of these as of tables.
 */
export function rowsOf(text: string, document: JsonObject, key: string): Row[] {
  const tables = own(document, key) ?? [];
  if (!Array.isArray(tables)) throw new LockfileUnreadable(`\`${key}\` is no list of tables`);
  const lines = headerLines(text, `[[${key}]]`);
  return tables.map((table: unknown, i) => {
    const line = lines.length === tables.length ? (lines[i] ?? null) : null;
    if (!isObject(table)) throw new LockfileUnreadable(`\`${key}\` is no list of tables`, line);
    return { table, line };
  });
}

function headerLines(text: string, header: string): number[] {
  const lines: number[] = [];
  let line = 1;
  let counted = 0;
  for (let at = text.indexOf(header); at >= 0; at = text.indexOf(header, at + 1)) {
    for (let n = text.indexOf('\n', counted); n >= 0 && n < at; n = text.indexOf('\n', n + 1)) {
      line += 1;
      counted = n + 1;
    }
    if (at === counted) lines.push(line);
  }
  return lines;
}

/** A table under a key, undefined where it is missing. @throws LockfileUnreadable for anything else */
export function tableOf(table: JsonObject, key: string, line: number | null = null): JsonObject | undefined {
  const value = own(table, key);
  if (value === undefined || isObject(value)) return value;
  throw new LockfileUnreadable(`\`${key}\` is no table`, line);
}

/** The tables of a list under a key; none where it is missing. @throws LockfileUnreadable for anything else */
export function tablesOf(table: JsonObject, key: string, line: number | null): readonly JsonObject[] {
  const value = own(table, key) ?? [];
  if (Array.isArray(value) && value.every(isObject)) return value;
  throw new LockfileUnreadable(`\`${key}\` is no list of tables`, line);
}

/** The number before the first dot of a format's version, `1` or `"4.5.0"`; null where it is none. */
export function majorOf(version: unknown): number | null {
  const text = typeof version === 'number' ? String(version) : version;
  const match = typeof text === 'string' ? /^(\d{1,3})(?:\.\d{1,3}){0,2}$/.exec(text) : null;
  return match ? Number(match[1]) : null;
}
