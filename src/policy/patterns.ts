import type { VersionScheme } from '../model/versions.ts';

/** An exact name or a prefix, in canonical spelling. The empty prefix is `*`, every name. */
export interface Pattern {
  readonly text: string;
  readonly prefix: boolean;
}

export const EVERY_NAME: Pattern = { text: '', prefix: true };

/**
 * Values by name pattern. Of all patterns that match a name exactly one is the most specific: the exact name,
 * else the longest prefix, since two different prefixes of one name differ in length. So the order in which
 * patterns were added cannot matter.
 */
export class PatternMap<T> {
  readonly exact = new Map<string, T>();
  /** By length, the longest first. */
  readonly #prefixes: [length: number, byText: Map<string, T>][] = [];

  set(pattern: Pattern, value: T): void {
    if (pattern.prefix) this.#ofLength(pattern.text.length).set(pattern.text, value);
    else this.exact.set(pattern.text, value);
  }

  /** The value of this very pattern. */
  get(pattern: Pattern): T | undefined {
    if (!pattern.prefix) return this.exact.get(pattern.text);
    return this.#prefixes.find(([length]) => length === pattern.text.length)?.[1].get(pattern.text);
  }

  /** The value of the most specific pattern that matches, or null. */
  best(name: string): { readonly value: T; readonly by: 'exact' | 'prefix' } | null {
    const exact = this.exact.get(name);
    if (exact !== undefined) return { value: exact, by: 'exact' };
    for (const [length, byText] of this.#prefixes) {
      const value = length <= name.length ? byText.get(name.slice(0, length)) : undefined;
      if (value !== undefined) return { value, by: 'prefix' };
    }
    return null;
  }

  /** The values of every pattern that matches, the most specific first. */
  all(name: string): T[] {
    const found: T[] = [];
    const exact = this.exact.get(name);
    if (exact !== undefined) found.push(exact);
    for (const [length, byText] of this.#prefixes) {
      const value = length <= name.length ? byText.get(name.slice(0, length)) : undefined;
      if (value !== undefined) found.push(value);
    }
    return found;
  }

  /** Every prefix, the longest first. */
  prefixes(): string[] {
    return this.#prefixes.flatMap(([, byText]) => [...byText.keys()].sort());
  }

  #ofLength(length: number): Map<string, T> {
    const at = this.#prefixes.findIndex(([l]) => l <= length);
    const there = at < 0 ? undefined : this.#prefixes[at];
    if (there?.[0] === length) return there[1];
    const fresh = new Map<string, T>();
    this.#prefixes.splice(at < 0 ? this.#prefixes.length : at, 0, [length, fresh]);
    return fresh;
  }
}

/**
 * Reads `name`, `prefix*` or `*` into its ecosystem's canonical spelling, or says what is wrong with it.
 * A prefix is canonicalised as the beginning of a name: PyPI's `Acme_*` is `acme-`.
 */
export function parsePattern(raw: string, scheme: VersionScheme): Pattern | { readonly problem: string } {
  if (raw === '*') return EVERY_NAME;
  const star = raw.indexOf('*');
  if (star < 0) {
    const name = scheme.canonicalName(raw);
    return name === null
      ? { problem: `not a valid ${scheme.ecosystem} name` }
      : { text: name, prefix: false };
  }
  if (star !== raw.length - 1) return { problem: 'a pattern may hold one *, as its last character' };
  if (raw.startsWith('@') && !raw.includes('/')) {
    return {
      problem:
        'a scope must be written whole, as "@scope/*": anybody can register a scope that only begins so',
    };
  }
  // A name that goes on after the prefix shows how the ecosystem spells the prefix itself.
  const probe = scheme.canonicalName(`${raw.slice(0, -1)}x`);
  if (probe === null || !probe.endsWith('x'))
    return { problem: `no ${scheme.ecosystem} name begins like this` };
  return { text: probe.slice(0, -1), prefix: true };
}
