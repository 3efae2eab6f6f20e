import { z } from 'zod';
import { nearest, quoted } from './words.ts';

/** What zod tells of a problem, as far as our own words for it need it. */
export type Issue = { readonly code: string; readonly input?: unknown; readonly keys?: readonly string[] };

/** Of more unknown keys in one map nobody wants to be told. */
export const MAX_KEYS = 100;

/**
 * An object that knows all its keys. For unknown ones the message has one line per key, in the order of the
 * issue's `keys`, so that each can be reported where it stands.
 */
export function known<S extends z.ZodRawShape>(shape: S): z.ZodObject<S, z.core.$strict> {
  const keys = Object.keys(shape);
  const wrong = (issue: Issue): string => {
    if (issue.code !== 'unrecognized_keys') return 'must be a map of keys';
    const line = (key: string): string => {
      const near = nearest(key, keys);
      return `unknown key ${quoted(key)}; ${near ? `did you mean "${near}"?` : `known here: ${keys.join(', ')}`}`;
    };
    return (issue.keys ?? []).slice(0, MAX_KEYS).map(line).join('\n');
  };
  return z.strictObject(shape, { error: wrong });
}

export function text(what: string): z.ZodString {
  const wrong = (issue: Issue): string => {
    if (issue.input === undefined) return `is missing: it must be ${what}`;
    return typeof issue.input === 'number' ? `must be text: put ${what} in quotes` : `must be ${what}`;
  };
  return z
    .string({ error: wrong })
    .min(1, `must be ${what}`)
    .max(512, `must be ${what}, at most 512 characters`);
}

export function list<T extends z.ZodType>(item: T): z.ZodArray<T> {
  return z.array(item, {
    error: (issue) => (issue.input === null ? 'is empty: write [] or leave the key out' : 'must be a list'),
  });
}

/** One word of several. `instead` says what else may stand there, for a message that is about all of it. */
export function oneOf<const V extends readonly [string, ...string[]]>(
  values: V,
  description: string,
  instead = '',
) {
  const wrong = (issue: Issue): string => {
    const near = typeof issue.input === 'string' ? nearest(issue.input, values) : null;
    const missing = issue.input === undefined ? 'is missing: it ' : '';
    return `${missing}must be ${values.join(' or ')}${instead}${near ? `; did you mean "${near}"?` : ''}`;
  };
  return z.enum(values, { error: wrong }).describe(description);
}
