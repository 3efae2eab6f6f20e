import type { Pattern, PatternMap } from './patterns.ts';

export interface PatternValue<T> {
  /** As a policy file writes it, in canonical spelling: `@types/*`. */
  readonly text: string;
  readonly pattern: Pattern;
  readonly value: T;
}

/** Every pattern of a map with its value: exact names first, then prefixes, the longest first. */
export function* patternsOf<T>(map: PatternMap<T>): Generator<PatternValue<T>> {
  for (const [text, value] of map.exact) yield { text, pattern: { text, prefix: false }, value };
  for (const text of map.prefixes()) {
    const pattern = { text, prefix: true };
    const value = map.get(pattern);
    if (value !== undefined) yield { text: `${text}*`, pattern, value };
  }
}
