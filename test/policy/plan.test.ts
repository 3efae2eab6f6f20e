import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type Digest, sriOf } from '../../src/model/digest.ts';
import { decide } from '../../src/policy/decide.ts';
import { PolicyOpening } from '../../src/policy/language/open.ts';
import { PIECE, type Plan, planOf } from '../../src/policy/language/plan.ts';
import { parsePolicy } from '../../src/policy/load.ts';
import type { Policy, PolicySource } from '../../src/policy/policy.ts';
import { A256, A512, B256, listingOf } from './questions.ts';
import { npm, SCHEMES } from './schemes.ts';

/** As it comes out of another thread. */
function opened(plan: Plan): Policy {
  const opening = new PolicyOpening(SCHEMES);
  for (const piece of plan.pieces) opening.add(structuredClone(piece));
  return opening.finish();
}

/** All that a policy says, with ranges asked instead of shown. */
function told(policy: Policy): unknown {
  const versions = ['0.9.0', '1.0.0', '1.2.0', '2.0.0-rc.1', '2.0.0'];
  const shown = (value: unknown): unknown => {
    if (value instanceof Map) return [...value].map(([key, inner]) => [key, shown(inner)]);
    if (value instanceof Set) return [...value];
    if (Array.isArray(value)) return value.map(shown);
    if (typeof value !== 'object' || value === null) return value;
    if ('entries' in value && typeof value.entries === 'function') return [...value.entries()].map(shown);
    if ('has' in value && typeof value.has === 'function') {
      const { has } = value;
      return versions.filter((version) => has.call(value, version));
    }
    return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, shown(inner)]));
  };
  return shown(policy);
}

const requirements = fc.record(
  {
    age: fc.constantFrom('0', '7d'),
    'install-scripts': fc.constantFrom('allow', 'deny'),
    vulnerability: fc.constantFrom('off', 'high'),
    licence: fc.constantFrom<unknown>('off', { allow: ['MIT'] }),
    provenance: fc.constantFrom<unknown>('required', { repository: 'github.com/a/b' }),
  },
  { requiredKeys: [] },
);
const name = fc.stringMatching(/^[ab]{1,3}$/);
const pattern = fc.oneof(
  name,
  name.map((text) => `${text}*`),
);
const versions = fc.constantFrom('1', '>=1.1', '^2', '*');
const digests = fc.constantFrom<Digest>(A256, A512, B256);
const file = fc.record(
  {
    mode: fc.constantFrom('enforce', 'frozen'),
    requirements: requirements.map((said) => ({ npm: said })),
    allow: fc.uniqueArray(fc.record({ npm: pattern, versions, requirements }, { requiredKeys: ['npm'] }), {
      selector: (rule) => rule.npm,
      maxLength: 5,
    }),
    deny: fc.array(
      fc.record({ npm: pattern, versions, reason: fc.constant('r') }, { requiredKeys: ['npm'] }),
      {
        maxLength: 3,
      },
    ),
    pins: fc.uniqueArray(
      fc.record({ npm: name.map((text) => `${text}@1.0.0`), integrity: digests.map(sriOf) }),
      { selector: (pin) => pin.npm, maxLength: 3 },
    ),
    waivers: fc.uniqueArray(
      fc.record({
        npm: name.map((text) => `${text}@1.0.0`),
        integrity: digests.map(sriOf),
        lifts: fc.constantFrom('age', 'metadata'),
        reason: fc.constant('r'),
        approver: fc.constant('ana'),
        expires: fc.constant('2027-01-31'),
      }),
      { selector: (waiver) => `${waiver.npm}${waiver.lifts}`, maxLength: 3 },
    ),
    internal: fc.array(pattern, { maxLength: 2 }),
    upstreams: fc.array(fc.record({ npm: pattern, upstream: fc.constant('acme') }), { maxLength: 2 }),
  },
  { requiredKeys: [] },
);
const sources = fc.tuple(file, file, fc.boolean()).map(([upper, lower, extending]): PolicySource[] => [
  { path: 'a.yaml', text: JSON.stringify({ profile: 'a', ...upper }) },
  {
    path: 'b.yaml',
    text: JSON.stringify({ profile: 'b', ...(extending ? { extends: ['a'] } : {}), ...lower }),
  },
]);

describe('a plan', () => {
  test('opened in another thread is the policy that its sources are', () => {
    let compared = 0;
    fc.assert(
      fc.property(sources, (files) => {
        let plan: Plan;
        try {
          plan = planOf(files, SCHEMES);
        } catch (error) {
          expect(() => parsePolicy(files, SCHEMES)).toThrow(String((error as Error).message));
          return;
        }
        compared += 1;
        expect(told(opened(plan))).toEqual(told(parsePolicy(files, SCHEMES)));
      }),
      { numRuns: 200 },
    );
    expect(compared).toBeGreaterThan(100);
  });

  test('is plain data in small pieces', () => {
    const rules = Array.from({ length: 1000 }, (_, i) => `  - { npm: a${i}, versions: "1" }\n`).join('');
    const { pieces, digest } = planOf([{ path: 'a.yaml', text: `profile: a\nallow:\n${rules}` }], SCHEMES);
    expect(pieces).toHaveLength(1 + 1000 / PIECE);
    for (const piece of pieces) expect(structuredClone(piece)).toEqual(piece);
    expect(pieces[0]).toMatchObject({ kind: 'head', digest, pieces: pieces.length });
  });

  test('of which a piece is missing, comes twice or in another place is no policy', () => {
    const text = `profile: a\nallow: [{ npm: a }]\ndeny: [{ npm: a }]\n`;
    const { pieces } = planOf([{ path: 'a.yaml', text }], SCHEMES);
    const [head, allow, deny] = pieces;
    if (!head || !allow || !deny) throw new Error('three pieces were expected');
    const open = (some: readonly (typeof head)[]) => () => {
      const opening = new PolicyOpening(SCHEMES);
      for (const piece of some) opening.add(piece);
      return opening.finish();
    };
    expect(open(pieces)().profiles.size).toBe(1);
    for (const some of [
      [],
      [head],
      [head, allow],
      [head, deny],
      [allow, deny],
      [head, head],
      [head, deny, allow],
      [head, allow, allow],
    ])
      expect(open(some)).toThrow(/piece/);
    expect(() => new PolicyOpening([npm]).add({ ...head })).toThrow('no ecosystem pypi');
  });

  test('has ranges that admit nothing and deny everything, were they unreadable', () => {
    const text = 'profile: a\nallow: [{ npm: a, versions: "1" }]\ndeny: [{ npm: b, versions: "1" }]\n';
    const opening = new PolicyOpening([{ ...npm, parseRange: () => null }, ...SCHEMES.slice(1)]);
    for (const piece of planOf([{ path: 'a.yaml', text }], SCHEMES).pieces) opening.add(piece);
    const rules = opening.finish().profiles.get('a')?.ecosystems.get('npm');
    expect(rules?.allow.best('a')?.value.range?.has('1.0.0')).toBe(false);
    expect(rules?.deny.all('b').flat()[0]?.range?.has('9.0.0')).toBe(true);
  });

  test('parses a range when it is first asked, and once', () => {
    let parsed = 0;
    const counting = {
      ...npm,
      parseRange: (...of: Parameters<typeof npm.parseRange>) => {
        parsed += 1;
        return npm.parseRange(...of);
      },
    };
    const plan = planOf(
      [{ path: 'a.yaml', text: 'profile: a\nallow: [{ npm: a, versions: "1" }]\n' }],
      SCHEMES,
    );
    const opening = new PolicyOpening([counting, ...SCHEMES.slice(1)]);
    for (const piece of plan.pieces) opening.add(piece);
    const range = opening.finish().profiles.get('a')?.ecosystems.get('npm')?.allow.best('a')?.value.range;
    expect(parsed).toBe(0);
    expect([range?.has('1.0.0'), range?.has('2.0.0'), parsed]).toEqual([true, false, 1]);
  });
});

/** Milliseconds of this process's own work: other processes share the cores. */
function cpu(work: () => void): number {
  const before = process.cpuUsage();
  work();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1000;
}

describe('a hundred thousand rules', () => {
  const RULES = 100_000;
  /** Names, ranges, and prefixes of a hundred and fifty lengths, in four files. */
  const files = Array.from({ length: 4 }, (_, part): PolicySource => {
    const lines = Array.from({ length: RULES / 4 }, (_, n) => {
      const i = part * (RULES / 4) + n;
      const stem = `n${i.toString(36)}-${'x'.repeat(i % 150)}`;
      if (i % 10 === 0) return `  - npm: "${stem}*"\n`;
      return i % 3 === 0
        ? `  - { npm: ${stem}, versions: ">=${i % 7}.${i % 13} <9" }\n`
        : `  - npm: ${stem}\n`;
    });
    const text = `profile: default\nrequirements: { npm: { age: 7d } }\nallow:\n${lines.join('')}`;
    return { path: `${part}.yaml`, text };
  });

  test('are planned in seconds, opened a piece in a few milliseconds, and asked in microseconds', () => {
    let plan: Plan | undefined;
    const planning = cpu(() => {
      plan = planOf(files, SCHEMES);
    });
    if (!plan) throw new Error('there is no plan');
    const opening = new PolicyOpening(SCHEMES);
    const times: number[] = [];
    for (const piece of plan.pieces) times.push(cpu(() => opening.add(piece)));
    const policy = opening.finish();
    const sorted = times.toSorted((a, b) => a - b);
    const middle = sorted[Math.floor(sorted.length / 2)] ?? 0;

    // The longest name that npm has, of which every beginning could be a prefix.
    const long = `n${'0'.repeat(10)}-${'x'.repeat(190)}`;
    const asked = ['nrs7-', 'n1-x', 'left-pad', long];
    const questions = asked.map((of) => listingOf(of, '1.2.3'));
    const rounds = 2000;
    const ask = (): void => {
      for (let i = 0; i < rounds; i += 1) for (const q of questions) decide(policy, 'default', q);
    };
    ask();
    const each = (cpu(ask) * 1000) / (rounds * questions.length);
    console.log(
      `${RULES} rules: planned in ${planning.toFixed(0)} ms of CPU time, ${plan.pieces.length} pieces opened in ${middle.toFixed(2)} ms each (worst ${sorted.at(-1)?.toFixed(2)}), a decision in ${each.toFixed(1)} µs`,
    );
    expect(policy.profiles.get('default')?.ecosystems.get('npm')?.allow.exact.size).toBe(RULES * 0.9);
    expect(planning).toBeLessThan(20_000);
    expect(middle).toBeLessThan(2);
    expect(each).toBeLessThan(50);
  }, 120_000);
});
