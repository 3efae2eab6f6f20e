import { z } from 'zod';
import { ENTRY_WORDS, type EntryWord, type EntryWords, STATS_KEYS, whole } from '../ledger/asked/words.ts';
import { MAX_CURSOR } from './cursor.ts';
import { wrong } from './problem.ts';

/** Entries of a page, and groups of a count, at most. */
const MAX_LIMIT = 1000;

const place = whole(0, Number.MAX_SAFE_INTEGER);

type Optional<S extends Record<string, z.ZodType>> = { [K in keyof S]: z.ZodExactOptional<S[K]> };

function optional<S extends Record<string, z.ZodType>>(shape: S): Optional<S> {
  return Object.fromEntries(
    Object.entries(shape).map(([name, schema]) => [name, schema.exactOptional()]),
  ) as Optional<S>;
}

const SELECTION = {
  ...ENTRY_WORDS,
  after: place.describe('Only entries with a higher number.'),
  before: place.describe('Only entries with a lower number.'),
  limit: whole(1, MAX_LIMIT).describe(
    'At most so many. Default: 100 of a page or a count; of application/jsonl all there are.',
  ),
} as const;

/** Parameters of each question: what is not here is not asked. */
export const ENTRIES = z.strictObject(
  optional({
    ...SELECTION,
    order: z
      .enum(['asc', 'desc'], 'must be asc or desc')
      .describe('asc (default): in the order of the ledger, oldest first; desc: newest first.'),
    cursor: z
      .string()
      .regex(new RegExp(`^[A-Za-z0-9_-]{1,${MAX_CURSOR}}$`), 'must be what `next` of an answer says')
      .describe('`next` of the page before, with all other parameters the same; limit may differ.'),
  }),
);

export const STATS = z.strictObject({
  by: z
    .enum(STATS_KEYS, `must be one of ${STATS_KEYS.join(', ')}`)
    .describe('The property by which entries are counted.'),
  ...optional(SELECTION),
});

export const NONE = z.strictObject({});

/** Name of one entry, in a path. */
export const ENTRY_NAME = z
  .string()
  .regex(/^([0-9]|[1-9][0-9]{1,14}|[0-9a-f]{64})$/, 'is neither the number of an entry nor its leaf hash')
  .describe("The entry's number, or its leaf hash: 64 lower-case hex digits.");

/**
 * Reads a query string, as it came, strictly: a parameter that is not in the schema, is there twice or does not pass is
 * a Problem that names it. What was asked for is never answered in part.
 */
export function readQuery<S extends z.ZodObject>(schema: S, query: string): z.output<S> {
  const given: Record<string, string> = {};
  for (const pair of query === '' ? [] : query.split('&')) {
    const mark = pair.indexOf('=');
    const name = decoded(mark < 0 ? pair : pair.slice(0, mark));
    // Only what the schema names becomes a key: `__proto__` does not.
    if (!Object.hasOwn(schema.shape, name)) throw wrong(shown(name), 'is no parameter here');
    if (Object.hasOwn(given, name)) throw wrong(name, 'is given twice');
    given[name] = decoded(mark < 0 ? '' : pair.slice(mark + 1));
  }
  const read = schema.safeParse(given);
  if (read.success) return read.data;
  const [issue] = read.error.issues;
  throw wrong(shown(String(issue?.path[0] ?? '')), issue?.message ?? 'cannot be read');
}

/** The words of a selection, without what is not one of them. */
export function wordsIn(parameters: z.output<typeof ENTRIES> | z.output<typeof STATS>): EntryWords {
  const words = Object.keys(ENTRY_WORDS) as EntryWord[];
  return Object.fromEntries(
    words.filter((word) => parameters[word] !== undefined).map((word) => [word, parameters[word]]),
  );
}

/** One part of a query, in the form that forms and their libraries write: a blank is `+` or `%20`. */
function decoded(text: string): string {
  try {
    return decodeURIComponent(text.replaceAll('+', ' '));
  } catch {
    // Its only error: bytes that are no UTF-8.
    throw wrong('a parameter', 'is not UTF-8');
  }
}

/** A name that somebody made up, as far as it can be said back. */
function shown(name: string): string {
  return /^[A-Za-z0-9_.-]{1,40}$/.test(name) ? name : 'a parameter';
}
