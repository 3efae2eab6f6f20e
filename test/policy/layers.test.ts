import { describe, expect, test } from 'vitest';
import { type Digest, sriOf } from '../../src/model/digest.ts';
import { parsePolicy } from '../../src/policy/load.ts';
import { type Policy, PolicyError } from '../../src/policy/policy.ts';
import { type Requirements, STRICT } from '../../src/policy/profile.ts';
import { requirementsFor } from '../../src/policy/requirements.ts';
import { A256, A512, B256, DAY } from './questions.ts';
import { SCHEMES } from './schemes.ts';

/** One file per profile, `org.yaml` for `org`; every line after the first is the file's own. */
type Files = Readonly<Record<string, string>>;

function read(files: Files): Policy {
  const sources = Object.entries(files).map(([name, text]) => ({
    path: `${name}.yaml`,
    text: `profile: ${name}\n${text}\n`,
  }));
  return parsePolicy(sources, SCHEMES);
}

/** Every problem as `file:line:column message`. */
function wrong(files: Files): string[] {
  try {
    read(files);
    return [];
  } catch (error) {
    if (!(error instanceof PolicyError)) throw error;
    return error.problems.map(({ path, line, column, message }) => `${path}:${line}:${column} ${message}`);
  }
}

const npm = (policy: Policy, profile = 'team') => {
  const rules = policy.profiles.get(profile)?.ecosystems.get('npm');
  if (!rules) throw new Error(`no profile ${profile}`);
  return rules;
};
/** What is asked of a name (of a version of it that the rule has). */
const asked = (files: Files, name: string, profile = 'team'): Requirements => {
  const rules = npm(read(files), profile);
  return rules.allow.best(name)?.value.requirements ?? rules.requirements;
};
const requirements = (said: string) => `requirements: { npm: { ${said} } }`;
const rule = (pattern: string, said: string) => `allow: [{ npm: "${pattern}", requirements: { ${said} } }]`;
const pin = (at: string, digest: Digest = A512) => `{ npm: ${at}, integrity: "${sriOf(digest)}" }`;
const waiver = (at: string, lifts: string, digest: Digest = A512) =>
  `{ npm: ${at}, integrity: "${sriOf(digest)}", lifts: ${lifts}, reason: r, approver: ana, expires: 2027-01-31 }`;

describe('extends', () => {
  test('flattens, the uppermost first, each once, itself last', () => {
    const policy = read({
      base: 'mode: enforce',
      sec: 'extends: [base]',
      web: 'extends: [base]',
      team: 'extends: [sec, web]',
      agent: 'extends: [team]',
    });
    expect(policy.profiles.get('agent')?.layers).toEqual(['base', 'sec', 'web', 'team', 'agent']);
    expect(policy.profiles.get('base')?.layers).toEqual(['base']);
  });

  test('a profile that only others extend is one, and one file may name it for all', () => {
    expect([...read({ base: 'allow: [{ npm: a }]', team: 'extends: [base]' }).profiles.keys()]).toEqual([
      'base',
      'team',
    ]);
  });

  test('unknown profiles and cycles are errors at their place', () => {
    expect(wrong({ base: '', team: 'extends: [bsae]' })).toEqual([
      'team.yaml:2:11 there is no profile "bsae"; did you mean "base"?',
    ]);
    expect(wrong({ team: 'extends: [team]' })).toEqual(['team.yaml:2:11 a profile cannot extend itself']);
    expect(wrong({ a: 'extends: [b]', b: 'extends: [c]', c: 'extends:\n  - a' })).toEqual([
      'c.yaml:3:5 extends itself: a → b → c → a',
    ]);
    expect(wrong({ base: '', team: 'extends: [base, base]' })).toEqual([
      'team.yaml:2:17 is named already in this list',
    ]);
  });

  test('two profiles cannot contradict each other on which layer is the upper one', () => {
    // Under b, what a says counts; named before b, it would be what b says.
    const files = { a: '', b: '', org: 'extends: [a, b]\nlocked: [mode]' };
    expect(wrong({ ...files, team: 'extends: [b, org]' })).toEqual([
      'team.yaml:2:14 here b is above a, and in org it is below: name org earlier, or leave b out',
    ]);
    expect(wrong({ ...files, team: 'extends: [org, b]' })).toEqual([]);
    expect(wrong({ ...files, team: 'extends: [a, org]' })).toEqual([]);
  });

  test('two files of a profile say the same list or one of them none', () => {
    const two = (second: string) => () =>
      parsePolicy(
        [
          { path: '0.yaml', text: 'profile: base\n' },
          { path: '1.yaml', text: 'profile: team\nextends: [base]\n' },
          { path: '2.yaml', text: `profile: team\n${second}\n` },
        ],
        SCHEMES,
      );
    expect(two('extends: []')).toThrow('2.yaml:2:10: extends contradicts extends at 1.yaml:2');
    expect(two('extends: [base]')().profiles.get('team')?.layers).toEqual(['base', 'team']);
    expect(two('')().profiles.get('team')?.layers).toEqual(['base', 'team']);
  });
});

describe('without locks', () => {
  test('deny, internal, pins and waivers of all layers hold together', () => {
    const rules = npm(
      read({
        org: `deny: [{ npm: a, versions: "1" }]\ninternal: [x]\npins: [${pin('p@1.0.0')}]\nwaivers: [${waiver('p@1.0.0', 'age')}]`,
        team: `extends: [org]\ndeny: [{ npm: a, versions: "2" }]\ninternal: [y]\npins: [${pin('p@2.0.0')}]\nwaivers: [${waiver('p@1.0.0', 'sdist')}]`,
      }),
    );
    expect(
      rules.deny
        .all('a')
        .flat()
        .map(({ place }) => place),
    ).toEqual(['org.yaml:2', 'team.yaml:3']);
    expect([rules.internal.best('x')?.value, rules.internal.best('y')?.value]).toEqual([
      'org.yaml:3',
      'team.yaml:4',
    ]);
    expect([...rules.pins.values()].map((versions) => [...versions.keys()])).toEqual([['1.0.0', '2.0.0']]);
    expect([...(rules.pins.values().next().value?.values() ?? [])].map((p) => p.keepsAge)).toEqual([
      false,
      false,
    ]);
    expect(
      rules.waivers
        .values()
        .next()
        .value?.get('1.0.0')
        ?.map(({ lifts }) => lifts),
    ).toEqual(['age', 'sdist']);
  });

  test("for one pattern the lowest layer's rule counts; a more specific one of any layer stays", () => {
    const rules = npm(
      read({
        org: 'allow: [{ npm: a, versions: "1" }, { npm: "b*" }, { npm: bb }]',
        team: 'extends: [org]\nallow: [{ npm: a, versions: "2" }, { npm: "bb*" }]',
      }),
    );
    const placeOf = (name: string) => rules.allow.best(name)?.value.place;
    expect([placeOf('a'), placeOf('b'), placeOf('bb'), placeOf('bbb')]).toEqual([
      'team.yaml:3',
      'org.yaml:2',
      'org.yaml:2',
      'team.yaml:3',
    ]);
    expect(rules.allow.best('a')?.value.range?.has('1.0.0')).toBe(false);
  });

  test('requirements are overridden key by key, downwards, also for rules of an upper layer', () => {
    const files = {
      org: `${requirements('age: 7d, sdist: allow')}\nallow: [{ npm: a }, { npm: b, requirements: { age: 1d } }]`,
      team: `extends: [org]\n${requirements('age: 2d')}`,
    };
    expect(asked(files, 'a')).toEqual({ ...STRICT, age: 2 * DAY, sdist: 'allow' });
    expect(asked(files, 'b')).toEqual({ ...STRICT, age: DAY, sdist: 'allow' });
    expect(asked(files, 'a', 'org').age).toBe(7 * DAY);
  });

  test('the mode is that of the nearest layer that says one, and until comes with it', () => {
    const modeOf = (files: Files) => {
      const { mode, until } = read(files).profiles.get('team') ?? {};
      return [mode, until];
    };
    const observe = 'mode: observe\nuntil: 2026-08-01';
    expect(modeOf({ org: '', team: 'extends: [org]' })).toEqual(['enforce', null]);
    expect(modeOf({ org: 'mode: frozen', team: 'extends: [org]' })).toEqual(['frozen', null]);
    expect(modeOf({ org: observe, team: 'extends: [org]' })).toEqual(['observe', Date.UTC(2026, 7, 2)]);
    expect(modeOf({ org: observe, team: 'extends: [org]\nmode: enforce' })).toEqual(['enforce', null]);
    expect(modeOf({ org: 'mode: frozen', team: `extends: [org]\n${observe}` })).toEqual([
      'observe',
      Date.UTC(2026, 7, 2),
    ]);
  });

  test('pins of two layers are of one artifact, as those of one are', () => {
    const files = (second: string) => ({
      org: `pins: [${pin('p@1.0.0')}]`,
      team: `extends: [org]\npins: [${second}]`,
    });
    expect(wrong(files(pin('p@1.0.0')))).toEqual([]);
    expect(wrong(files(pin('p@1.0.0', B256)))).toEqual([
      'team.yaml:3:8 does not pin the same artifact as the pin at org.yaml:2',
    ]);
  });

  test('one lift of one artifact is said once', () => {
    const files = (second: string) => ({
      org: `waivers: [${waiver('p@1.0.0', 'age')}]`,
      team: `extends: [org]\nwaivers: [${second}]`,
    });
    expect(wrong(files(waiver('p@1.0.0', 'age')))).toEqual([
      'team.yaml:3:11 age of this artifact is lifted already, by the waiver at org.yaml:2',
    ]);
    expect(wrong(files(waiver('p@1.0.0', 'age', B256)))).toEqual([]);
  });
});

/** Every requirement with a loose value, a stricter one, and what `Requirements` has for the stricter. */
const KEYS: readonly [
  key: string,
  loose: string,
  strict: string,
  field: keyof Requirements,
  value: unknown,
][] = [
  ['age', '1d', '7d', 'age', 7 * DAY],
  ['install-scripts', 'allow', 'deny', 'installScripts', 'deny'],
  ['sdist', 'allow', 'deny', 'sdist', 'deny'],
  ['startup-hooks', 'allow', 'deny', 'startupHooks', 'deny'],
  ['foreign-places', 'allow', 'deny', 'foreignPlaces', 'deny'],
  ['direct-urls', 'allow', 'deny', 'directUrls', 'deny'],
  ['registry-signature', 'no-downgrade', 'required', 'registrySignature', 'required'],
  ['provenance', 'if-present', 'no-downgrade', 'provenance', 'no-downgrade'],
  ['malware', 'warn', 'required', 'malware', 'required'],
  ['vulnerability', 'critical', 'moderate', 'vulnerability', 'moderate'],
  ['licence', '{ allow: [MIT, ISC] }', '{ allow: [MIT] }', 'licence', { allow: ['MIT'], otherwise: 'deny' }],
  ['floor', 'line', 'admitted', 'floor', 'admitted'],
  ['changes', 'warn', 'deny', 'changes', 'deny'],
];

describe.each(KEYS)('a locked %s', (key, loose, strict, field, value) => {
  const org = (said: string, more = '') => `locked: [${key}]\n${requirements(`${key}: ${said}`)}\n${more}`;

  test('may be tightened, of the profile and of a rule', () => {
    const files = {
      org: org(loose),
      team: `extends: [org]\n${requirements(`${key}: ${strict}`)}\nallow: [{ npm: a }]`,
    };
    expect(asked(files, 'a')[field]).toEqual(value);
    expect(
      asked({ org: org(loose), team: `extends: [org]\n${rule('a', `${key}: ${strict}`)}` }, 'a')[field],
    ).toEqual(value);
  });

  test('may not be loosened by the profile, a rule or a wide rule', () => {
    const looser = (place: string) =>
      `${key} is looser than what ${place} asks of the same names, and it is locked at org.yaml:2`;
    expect(wrong({ org: org(strict), team: `extends: [org]\n${requirements(`${key}: ${loose}`)}` })).toEqual([
      `team.yaml:3:${key.length + 26} ${looser('org.yaml:3')}`,
    ]);
    for (const pattern of ['a', 'a*']) {
      const [found] = wrong({
        org: org(strict),
        team: `extends: [org]\n${rule(pattern, `${key}: ${loose}`)}`,
      });
      expect(found).toContain(looser('org.yaml:3'));
      expect(found).toMatch(/^team\.yaml:3:/);
    }
    expect(
      wrong({
        org: org(strict),
        team: `extends: [org]\nallow: [{ npm: "*", wide: true, requirements: { ${key}: ${loose} } }]`,
      }),
    ).toHaveLength(1);
  });

  test('holds for a silent rule, also where the upper rule of the same names asks for more than the profile', () => {
    const upper = org(loose, rule('a*', `${key}: ${strict}`));
    expect(asked({ org: upper, team: 'extends: [org]\nallow: [{ npm: a }]' }, 'a')[field]).toEqual(value);
    expect(asked({ org: upper, team: 'extends: [org]\nallow: [{ npm: "ab*" }]' }, 'abc')[field]).toEqual(
      value,
    );
    expect(asked({ org: upper, team: 'extends: [org]\nallow: [{ npm: "a*" }]' }, 'abc')[field]).toEqual(
      value,
    );
    expect(asked({ org: upper, team: 'extends: [org]\nallow: [{ npm: b }]' }, 'b')[field]).not.toEqual(value);
    // And a word there that is looser than the rule's, though not looser than the profile's, is an error.
    expect(wrong({ org: upper, team: `extends: [org]\n${rule('abc', `${key}: ${loose}`)}` })).toEqual([
      expect.stringContaining('what org.yaml:4 asks of the same names'),
    ]);
  });

  test('lets an upper rule that is more specific keep its own', () => {
    const files = {
      org: org(strict, rule('esbuild', `${key}: ${loose}`)),
      team: 'extends: [org]\nallow: [{ npm: "*", wide: true }]',
    };
    expect(asked(files, 'esbuild')[field]).not.toEqual(value);
    expect(asked(files, 'other')[field]).toEqual(value);
    // It may be said again below, in the same words.
    expect(wrong({ ...files, team: `extends: [org]\n${rule('esbuild', `${key}: ${loose}`)}` })).toEqual([]);
  });

  test('cannot be lifted by a waiver of a lower layer, nor be passed over by a learning mode', () => {
    expect(wrong({ org: org(strict), team: `extends: [org]\nwaivers: [${waiver('a@1.0.0', key)}]` })).toEqual(
      [`team.yaml:3:11 ${key} cannot be lifted below org: it is locked at org.yaml:2`],
    );
    expect(
      wrong({ org: `${org(strict)}\nwaivers: [${waiver('a@1.0.0', key)}]`, team: 'extends: [org]' }),
    ).toEqual([]);
    expect(wrong({ org: org(strict), team: 'extends: [org]\nmode: observe\nuntil: 2027-01-01' })).toEqual([
      `team.yaml:3:7 mode observe would pass over ${key}, which is locked at org.yaml:2`,
    ]);
  });

  test('binds two layers below, and one that is named before it', () => {
    expect(
      wrong({
        org: org(strict),
        mid: 'extends: [org]',
        team: `extends: [mid]\n${requirements(`${key}: ${loose}`)}`,
      }),
    ).toHaveLength(1);
    const files = { loose: rule('a', `${key}: ${loose}`), org: org(strict), team: 'extends: [loose, org]' };
    expect(wrong(files)).toEqual([
      expect.stringMatching(/^loose\.yaml:2:.* and it is locked at org\.yaml:2$/),
    ]);
    // A silent one is made strict there, too.
    expect(asked({ ...files, loose: 'allow: [{ npm: a }]' }, 'a')[field]).toEqual(value);
  });

  test('holds for pinned versions that a rule leaves out', () => {
    const policy = read({
      org: org(loose, `allow: [{ npm: a, versions: "2", requirements: { ${key}: ${strict} } }]`),
      team: `extends: [org]\npins: [${pin('a@1.0.0')}]`,
    });
    const of = (profile: string) => {
      const rules = npm(policy, profile);
      return requirementsFor(rules, rules.allow.best('a')?.value ?? null, '1.0.0')[field];
    };
    expect(of('team')).toEqual(value);
    expect(of('org')).not.toEqual(value);
    // Nor does a narrower rule of its own let a pin out of what is asked of the name.
    const narrowed = npm(
      read({
        org: org(loose, rule('a', `${key}: ${strict}`)),
        team: `extends: [org]\nallow: [{ npm: a, versions: "2" }]\npins: [${pin('a@1.0.0')}]`,
      }),
    );
    expect(requirementsFor(narrowed, narrowed.allow.best('a')?.value ?? null, '1.0.0')[field]).toEqual(value);
  });
});

test('the default is locked where nothing else is said', () => {
  expect(
    wrong({
      org: 'locked: [install-scripts]',
      team: `extends: [org]\n${rule('a', 'install-scripts: allow')}`,
    }),
  ).toEqual([
    'team.yaml:3:54 install-scripts is looser than what the default of org asks of the same names, and it is locked at org.yaml:2',
  ]);
});

describe('locked provenance and signers', () => {
  const org = (said: string) => `locked: [provenance]\n${requirements(`provenance: ${said}`)}`;
  const below = (upper: string, lower: string) =>
    wrong({ org: org(upper), team: `extends: [org]\n${requirements(`provenance: ${lower}`)}` });
  const tool = 'repository: github.com/acme/tool';

  test.each([
    ['required', `{ ${tool} }`],
    ['no-downgrade', `{ ${tool} }`],
    ['if-present', `{ ${tool}, runner: any }`],
    [`{ ${tool} }`, `{ ${tool} }`],
    [
      `{ ${tool} }`,
      `{ ${tool}, workflow: release.yml, ref: "refs/tags/*", owner-id: "7", environment: prod }`,
    ],
    [`{ ${tool} }`, `{ ${tool}, triggers: [push] }`],
    [`{ ${tool} }`, `{ ${tool}, issuer: "https://token.actions.githubusercontent.com" }`],
    [`{ ${tool}, workflow: release.yml }`, `{ ${tool}, workflow: .github/workflows/release.yml }`],
    [`{ ${tool}, runner: any }`, `{ ${tool} }`],
    [`{ ${tool}, triggers: [push, pull_request] }`, `{ ${tool}, triggers: [pull_request] }`],
  ])('%s, and below it %s', (upper, lower) => {
    expect(below(upper, lower)).toEqual([]);
  });

  test.each([
    ['no-downgrade', `{ ${tool}, runner: any }`],
    ['required', `{ ${tool}, runner: any }`],
    ['required', `{ ${tool}, triggers: [pull_request] }`],
    [`{ ${tool} }`, 'required'],
    [`{ ${tool} }`, '{ repository: github.com/acme/other }'],
    [`{ ${tool} }`, `{ ${tool}, runner: any }`],
    [`{ ${tool} }`, `{ ${tool}, triggers: [push, pull_request] }`],
    [`{ ${tool} }`, `{ ${tool}, issuer: "https://issuer.example" }`],
    [`{ ${tool}, triggers: [push] }`, `{ ${tool} }`],
    [`{ ${tool}, workflow: release.yml }`, `{ ${tool} }`],
    [`{ ${tool}, ref: refs/tags/v1 }`, `{ ${tool}, ref: refs/heads/main }`],
  ])('%s, and not below it %s', (upper, lower) => {
    expect(below(upper, lower)).toEqual([
      expect.stringMatching(
        /provenance is (?:looser|not stricter) than what org\.yaml:3 asks .* org\.yaml:2$/,
      ),
    ]);
  });

  test('of two signers a silent rule has the one that is asked of its names', () => {
    const files = {
      org: `${org(`{ ${tool} }`)}\n${rule('@x/*', 'provenance: { repository: github.com/x/y }')}`,
      team: 'extends: [org]\nallow: [{ npm: "@x/a" }]',
    };
    expect(asked(files, '@x/a').provenance).toMatchObject({ repository: 'github.com/x/y' });
  });

  test('two profiles that lock different signers cannot be layers of one', () => {
    const files = {
      a: org(`{ ${tool} }`),
      b: org('{ repository: github.com/b/b }'),
      team: 'extends: [a, b]',
    };
    expect(wrong(files).length).toBeGreaterThan(0);
  });
});

describe('a locked licence', () => {
  const org = (said: string) => `locked: [licence]\n${requirements(`licence: ${said}`)}`;
  test.each([
    ['{ allow: [MIT], otherwise: warn }', '{ allow: [MIT] }', true],
    ['{ allow: [MIT] }', '{ allow: [MIT], otherwise: warn }', false],
    ['{ allow: [MIT] }', '{ allow: [ISC] }', false],
    ['{ allow: [MIT] }', 'off', false],
    ['off', '{ allow: [MIT], otherwise: warn }', true],
    [
      '{ allow: [MIT, "Apache-2.0 WITH  LLVM-exception"] }',
      '{ allow: ["Apache-2.0 WITH LLVM-exception"] }',
      true,
    ],
  ])('%s, and %s below it: %s', (upper, lower, good) => {
    const found = wrong({ org: org(upper), team: `extends: [org]\n${requirements(`licence: ${lower}`)}` });
    expect(found.length === 0).toBe(good);
  });
});

describe('a locked mode', () => {
  const team = (mode: string) =>
    `extends: [org]\nmode: ${mode}${mode === 'observe' ? '\nuntil: 2027-01-31' : ''}`;
  test.each([
    ['frozen', 'enforce', false],
    ['frozen', 'observe', false],
    ['enforce', 'observe', false],
    ['enforce', 'frozen', true],
    ['enforce', 'enforce', true],
    ['frozen', 'frozen', true],
  ])('%s, and %s below it: %s', (upper, lower, good) => {
    const found = wrong({ org: `locked: [mode]\nmode: ${upper}`, team: team(lower) });
    const message = `team.yaml:3:7 mode ${lower} is looser than mode ${upper} of org.yaml:3, and mode is locked at org.yaml:2`;
    expect(found).toEqual(good ? [] : [message]);
  });

  test('is the default, where nobody says one', () => {
    expect(wrong({ org: 'locked: [mode]', team: team('observe') })).toEqual([
      'team.yaml:3:7 mode observe is looser than mode enforce of org, and mode is locked at org.yaml:2',
    ]);
  });

  test('of a learning mode may end earlier, and not later', () => {
    const org = 'locked: [mode]\nmode: observe\nuntil: 2027-01-30';
    expect(wrong({ org, team: team('observe') })).toEqual([
      'team.yaml:4:8 until is later than that of org.yaml:3, and mode is locked at org.yaml:2',
    ]);
    expect(wrong({ org: org.replace('01-30', '01-31'), team: team('observe') })).toEqual([]);
    // Nor may it end later where anything else is locked: until then that does not hold.
    expect(wrong({ org: org.replace('[mode]', '[age]'), team: team('observe') })).toHaveLength(1);
  });

  test('cannot be loosened by a profile beside it', () => {
    const files = { org: 'locked: [mode]\nmode: frozen', other: 'mode: enforce' };
    expect(wrong({ ...files, team: 'extends: [org, other]' })).toHaveLength(1);
    expect(wrong({ ...files, team: 'extends: [other, org]' })).toHaveLength(1);
  });
});

describe('a locked allow', () => {
  test.each([
    ['allow: [{ npm: b }]', 'allow'],
    ['allow: [{ npm: a, versions: "1" }]', 'allow'],
    ['allow: [{ npm: a }]', 'allow'],
    ['allow: [{ npm: aa }]', 'allow'],
    [`pins: [${pin('a@1.0.0')}]`, 'pins'],
    [`waivers: [${waiver('a@1.0.0', 'metadata')}]`, 'waivers'],
    ['upstreams: [{ npm: a, upstream: acme }]', 'upstreams'],
  ])('refuses %s below it', (added, key) => {
    const org = 'allow: [{ npm: a, versions: "1" }]\nlocked: [allow]';
    const message = `${key}: nothing may be added below org: allow is locked at org.yaml:3`;
    expect(wrong({ org, team: `extends: [org]\n${added}` })).toEqual([`team.yaml:3:1 ${message}`]);
    expect(wrong({ org, other: added, team: 'extends: [other, org]' })).toEqual([
      `other.yaml:2:1 ${message}`,
    ]);
    expect(wrong({ org: `${org}\n${key === 'allow' ? '' : added}`, team: 'extends: [org]' })).toEqual([]);
  });

  test('lets lower layers deny, and ask for more; a learning mode would let in what is not allowed', () => {
    const org = 'allow: [{ npm: a }]\nlocked: [allow]';
    expect(
      wrong({
        org,
        team: `extends: [org]\ndeny: [{ npm: a }]\ninternal: [x]\n${requirements('age: 7d')}\nmode: frozen\nallow: []`,
      }),
    ).toEqual([]);
    expect(wrong({ org, team: 'extends: [org]\nmode: observe\nuntil: 2027-01-31' })).toHaveLength(1);
  });
});

describe('pins below a locked age', () => {
  const keeps = (files: Files, profile = 'team') =>
    [...npm(read(files), profile).pins.values()].flatMap((versions) =>
      [...versions.values()].map((p) => p.keepsAge),
    );
  const org = `locked: [age]\n${requirements('age: 7d')}`;

  test('do not stand for age; those of the layer that locks it do', () => {
    const files = {
      org: `${org}\npins: [${pin('a@1.0.0')}]`,
      team: `extends: [org]\npins: [${pin('b@1.0.0')}]`,
    };
    expect(keeps(files)).toEqual([false, true]);
    expect(keeps(files, 'org')).toEqual([false]);
  });

  test('take nothing from an upper pin of the same artifact, and add nothing to it', () => {
    const of = (hashes: string, extra: string) => ({
      org: `${org}\npins: [{ npm: a@1.0.0, hashes: ["${A256}"] }]`,
      team: `extends: [org]\npins: [{ npm: a@1.0.0, hashes: [${hashes}] }]\n${extra}`,
    });
    expect(keeps(of(`"${A256}"`, ''))).toEqual([false]);
    expect(keeps(of(`"${A256}", "${B256}"`, ''))).toEqual([true]);
  });

  test('cannot have their age lifted', () => {
    expect(
      wrong({
        org,
        team: `extends: [org]\npins: [${pin('a@1.0.0')}]\nwaivers: [${waiver('a@1.0.0', 'age')}]`,
      }),
    ).toHaveLength(1);
  });
});
