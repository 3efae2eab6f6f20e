import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parsePolicy } from '../../src/policy/load.ts';
import { PatternMap } from '../../src/policy/patterns.ts';
import { PolicyError, type PolicySource } from '../../src/policy/policy.ts';
import { SCHEMES } from './schemes.ts';

/*
 * The most specific rule wins. Held against a model that knows nothing of maps: it looks at every rule, in layers,
 * and takes what the language says by its words.
 */

const name = fc.stringMatching(/^[ab]{1,4}$/);
const pattern = fc.oneof(
  { weight: 4, arbitrary: name },
  { weight: 4, arbitrary: name.map((text) => `${text}*`) },
  { weight: 1, arbitrary: fc.constant('*') },
);

interface Rule {
  /** 0 is the uppermost. */
  readonly layer: number;
  readonly pattern: string;
  readonly file: string;
}

const LAYERS = ['org', 'team', 'agent'];

/** Rules in layers, without a tie within one. */
const rules: fc.Arbitrary<Rule[]> = fc
  .uniqueArray(fc.record({ layer: fc.nat({ max: 2 }), pattern }), {
    selector: (rule) => `${rule.layer} ${rule.pattern}`,
    maxLength: 12,
  })
  .map((all) => all.map((rule, i) => ({ ...rule, file: `${i}.yaml` })));

function sourcesOf(all: readonly Rule[]): PolicySource[] {
  const own = all.map(({ layer, pattern, file }) => ({
    path: file,
    text: `profile: ${LAYERS[layer]}\nallow: [{ npm: "${pattern}"${pattern === '*' ? ', wide: true' : ''} }]\n`,
  }));
  const heads = LAYERS.map((profile, i) => ({
    path: `head-${profile}.yaml`,
    text: `profile: ${profile}\nextends: [${LAYERS[i - 1] ?? ''}]\n`,
  }));
  return [...own, ...heads];
}

/** The rule that the language's words say: exact before prefix, longer before shorter, lower before upper. */
function winner(all: readonly Rule[], name: string): Rule | null {
  let best: Rule | null = null;
  const rank = ({ pattern, layer }: Rule): number =>
    (pattern.endsWith('*') ? pattern.length : 1000) * 10 + layer;
  for (const rule of all) {
    const matches = rule.pattern.endsWith('*')
      ? name.indexOf(rule.pattern.replace('*', '')) === 0
      : name === rule.pattern;
    if (matches && (best === null || rank(rule) > rank(best))) best = rule;
  }
  return best;
}

describe('the most specific rule', () => {
  test('wins, whatever the order of files and rules, also across layers', () => {
    let prefixes = 0;
    fc.assert(
      fc.property(rules, fc.array(name, { minLength: 1, maxLength: 5 }), fc.gen(), (all, names, gen) => {
        const shuffled = gen(fc.shuffledSubarray<PolicySource>, sourcesOf(all), {
          minLength: all.length + LAYERS.length,
        });
        const policy = parsePolicy(shuffled, SCHEMES);
        for (const [i, profile] of LAYERS.entries()) {
          const allow = policy.profiles.get(profile)?.ecosystems.get('npm')?.allow;
          for (const asked of names) {
            const expected = winner(
              all.filter(({ layer }) => layer <= i),
              asked,
            );
            const found = allow?.best(asked) ?? null;
            expect(found?.value.place ?? null).toBe(expected && `${expected.file}:2`);
            if (found?.by === 'prefix') prefixes += 1;
          }
        }
      }),
      { numRuns: 300 },
    );
    expect(prefixes).toBeGreaterThan(100);
  });

  test('wins among rules of one file in any order', () => {
    fc.assert(
      fc.property(rules, name, (all, asked) => {
        const [first] = LAYERS;
        const own = all.filter(({ layer }) => layer === 0);
        const placed = (order: readonly Rule[]): string | null => {
          const lines = order.map(
            ({ pattern }) => `  - { npm: "${pattern}"${pattern === '*' ? ', wide: true' : ''} }\n`,
          );
          const text = `profile: ${first}\nallow:${lines.length === 0 ? ' []' : ''}\n${lines.join('')}`;
          const { profiles } = parsePolicy([{ path: 'p.yaml', text }], SCHEMES);
          const place = profiles.get('org')?.ecosystems.get('npm')?.allow.best(asked)?.value.place;
          return place === undefined ? null : (order[Number(place.split(':')[1]) - 3]?.pattern ?? '?');
        };
        const expected = winner(own, asked)?.pattern ?? null;
        expect(placed(own)).toBe(expected);
        expect(placed(own.toReversed())).toBe(expected);
      }),
    );
  });

  test('has no equal: a tie is an error that names both places', () => {
    fc.assert(
      fc.property(rules, fc.nat(), fc.boolean(), (all, at, sameFile) => {
        const twice = all[at % Math.max(1, all.length)];
        if (!twice) return;
        const again = { ...twice, file: 'z.yaml' };
        const sources = sourcesOf([...all, again]);
        const [rule] = sourcesOf([twice]);
        const files = sameFile
          ? sources
              .filter(({ path }) => path !== 'z.yaml')
              .map((source) =>
                source.path === twice.file
                  ? { ...source, text: source.text.replace(/\[(.*)\]/, '[$1, $1]') }
                  : source,
              )
          : sources;
        expect(rule?.text).toContain('allow');
        let problems: readonly { message: string }[] = [];
        try {
          parsePolicy(files, SCHEMES);
        } catch (error) {
          if (!(error instanceof PolicyError)) throw error;
          ({ problems } = error);
        }
        expect(problems).toHaveLength(1);
        expect(problems[0]?.message).toBe(
          `${JSON.stringify(twice.pattern)} has an allow rule already, at ${twice.file}:2`,
        );
      }),
    );
  });
});

describe('a map of patterns', () => {
  const patterns = fc.array(
    fc
      .record({ text: fc.stringMatching(/^[ab]{0,5}$/), prefix: fc.boolean() })
      .filter(({ text, prefix }) => prefix || text !== ''),
    { maxLength: 20 },
  );
  const covers = (wide: { text: string; prefix: boolean }, text: string): boolean =>
    wide.prefix ? text.startsWith(wide.text) : text === wide.text;

  test('finds what a walk over all of its entries finds', () => {
    fc.assert(
      fc.property(patterns, fc.stringMatching(/^[ab]{0,7}$/), (all, asked) => {
        const map = new PatternMap<number>();
        for (const [i, pattern] of all.entries()) map.set(pattern, i);
        const entries = [...map.entries()];
        // The last value of a pattern counts, and each pattern is there once.
        expect(new Set(entries.map(([p]) => `${p.text} ${p.prefix}`)).size).toBe(entries.length);
        for (const [pattern, value] of entries) {
          expect(value).toBe(
            all.findLastIndex((p) => p.text === pattern.text && p.prefix === pattern.prefix),
          );
          expect(map.get(pattern)).toBe(value);
        }
        const matching = entries
          .filter(([pattern]) => covers(pattern, asked))
          .sort(([a], [b]) => Number(a.prefix) - Number(b.prefix) || b.text.length - a.text.length)
          .map(([, value]) => value);
        expect(map.all(asked)).toEqual(matching);
        expect(map.best(asked)?.value).toBe(matching[0]);
        const over = entries
          .filter(([pattern]) => pattern.prefix && covers(pattern, asked))
          .sort(([a], [b]) => b.text.length - a.text.length)
          .map(([, value]) => value);
        expect(map.over({ text: asked, prefix: true })).toBe(over[0] ?? null);
        expect(map.over({ text: asked, prefix: false })).toBe(matching[0] ?? null);
      }),
    );
  });

  test('tells texts of one hash apart', () => {
    // Two texts whose FNV-1a of 32 bits is the same.
    const [one, other] = ['costarring', 'liquid'];
    const fnv = (text: string): number =>
      [...text].reduce((hash, letter) => Math.imul(hash ^ letter.charCodeAt(0), 0x01000193), 0x811c9dc5);
    expect(fnv(one)).toBe(fnv(other));
    const map = new PatternMap<string>();
    for (const text of [one, other]) map.set({ text, prefix: true }, text);
    expect([map.best(`${one}x`)?.value, map.best(`${other}x`)?.value]).toEqual([one, other]);
    expect(map.best('declinate')).toBeNull();
  });
});
