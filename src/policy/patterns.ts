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
 * patterns were added cannot matter. A look-up is one walk over the name's letters, however many patterns there are.
 */
export class PatternMap<T> {
  readonly exact = new Map<string, T>();
  readonly #prefixes = new Map<string, T>();
  /** Prefixes by the hash of their text, and which lengths they have. */
  readonly #byHash = new Map<number, string[]>();
  readonly #lengths = new Set<number>();

  set(pattern: Pattern, value: T): void {
    const { text, prefix } = pattern;
    if (!prefix) {
      this.exact.set(text, value);
      return;
    }
    if (!this.#prefixes.has(text)) {
      const hash = hashOf(text);
      const alike = this.#byHash.get(hash);
      if (alike) alike.push(text);
      else this.#byHash.set(hash, [text]);
      this.#lengths.add(text.length);
    }
    this.#prefixes.set(text, value);
  }

  /** The value of this very pattern. */
  get(pattern: Pattern): T | undefined {
    return (pattern.prefix ? this.#prefixes : this.exact).get(pattern.text);
  }

  /** The value of the most specific pattern that matches, or null. */
  best(name: string): { readonly value: T; readonly by: 'exact' | 'prefix' } | null {
    const exact = this.exact.get(name);
    if (exact !== undefined) return { value: exact, by: 'exact' };
    const value = this.#longest(name);
    return value === undefined ? null : { value, by: 'prefix' };
  }

  /** The value of the most specific pattern that takes in every name of the given one, itself if it is there; or null. */
  over(pattern: Pattern): T | null {
    if (!pattern.prefix) return this.best(pattern.text)?.value ?? null;
    return this.#longest(pattern.text) ?? null;
  }

  /** The values of every pattern that matches, the most specific first. */
  all(name: string): T[] {
    const found: T[] = [];
    this.#walk(name, (value) => found.push(value));
    const exact = this.exact.get(name);
    if (exact !== undefined) found.push(exact);
    return found.reverse();
  }

  /** Every prefix, the longest first. */
  prefixes(): string[] {
    return [...this.#prefixes.keys()].sort((a, b) => b.length - a.length || (a < b ? -1 : 1));
  }

  /** Every pattern with its value, in the order in which the patterns were added: first the names, then the prefixes. */
  *entries(): IterableIterator<[Pattern, T]> {
    for (const [text, value] of this.exact) yield [{ text, prefix: false }, value];
    for (const [text, value] of this.#prefixes) yield [{ text, prefix: true }, value];
  }

  #longest(name: string): T | undefined {
    let longest: T | undefined;
    this.#walk(name, (value) => {
      longest = value;
    });
    return longest;
  }

  /** Visits what is said of each prefix of a name, the shortest first. */
  #walk(name: string, visit: (value: T) => void): void {
    if (this.#prefixes.size === 0) return;
    let hash = EMPTY;
    for (let length = 0; length <= name.length; length += 1) {
      if (length > 0) hash = hashOn(hash, name.charCodeAt(length - 1));
      if (!this.#lengths.has(length)) continue;
      for (const text of this.#byHash.get(hash) ?? NONE) {
        const value = text.length === length && name.startsWith(text) ? this.#prefixes.get(text) : undefined;
        if (value !== undefined) visit(value);
      }
    }
  }
}

const NONE: readonly string[] = [];

/** FNV-1a over UTF-16 units: of a text one letter longer it is one step more. */
const EMPTY = 0x811c9dc5 | 0;

function hashOn(hash: number, unit: number): number {
  return Math.imul(hash ^ unit, 0x01000193);
}

function hashOf(text: string): number {
  let hash = EMPTY;
  for (let i = 0; i < text.length; i += 1) hash = hashOn(hash, text.charCodeAt(i));
  return hash;
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
