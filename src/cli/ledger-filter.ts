import { AskedError, type Question, questionOf } from '../ledger/asked/question.ts';
import { ENTRY_WORDS, type EntryWord, type EntryWords, whole } from '../ledger/asked/words.ts';
import type { VersionScheme } from '../model/versions.ts';
import type { EntryOptions } from './ledger-program.ts';

const LIMIT = whole(1, 999_999_999);

/**
 * What the flags of `ledger list`, `stats` and `export` ask for, or what is wrong with them: the line for the person. A
 * flag that cannot be read is never left out: an audit shows neither more nor less than was asked for.
 */
export function askedBy(options: EntryOptions, schemes: readonly VersionScheme[]): Question | string {
  const words: { [word: string]: string } = {};
  for (const [word, schema] of Object.entries(ENTRY_WORDS)) {
    const said = options[word as EntryWord];
    if (said === undefined) continue;
    const read = schema.safeParse(said);
    if (!read.success) return `--${word} ${read.error.issues[0]?.message}`;
    words[word] = read.data;
  }
  const limit = options.limit === undefined ? undefined : LIMIT.safeParse(options.limit);
  if (limit?.success === false) return `--limit ${limit.error.issues[0]?.message}`;
  try {
    const question = questionOf(words as EntryWords, schemes);
    return {
      ...question,
      filter: {
        ...question.filter,
        ...(limit && { limit: limit.data }),
        ...(options.reverse && { reverse: true }),
      },
    };
  } catch (error) {
    if (error instanceof AskedError) return lineOf(error);
    throw error;
  }
}

/** A word that cannot be answered, as the line for the person. */
export function lineOf({ word, message }: AskedError): string {
  return `--${word} ${message}`;
}
