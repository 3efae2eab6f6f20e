import { describe, expect, test } from 'vitest';
import { sriOf } from '../../src/model/digest.ts';
import { LIFTABLE } from '../../src/model/liftable.ts';
import { parseEnd } from '../../src/policy/language/instants.ts';
import { COMMON_LICENCES } from '../../src/policy/language/licence-schema.ts';
import { parsePolicy } from '../../src/policy/load.ts';
import { PolicyError } from '../../src/policy/policy.ts';
import { A256, A512, B256, B512, policyOf } from './questions.ts';
import { SCHEMES } from './schemes.ts';

function wrong(...texts: readonly string[]): string[] {
  try {
    parsePolicy(
      texts.map((text, i) => ({ path: `${i}.yaml`, text: `profile: p${i}\n${text}\n` })),
      SCHEMES,
    );
    return [];
  } catch (error) {
    if (!(error instanceof PolicyError)) throw error;
    return error.problems.map(({ path, line, column, message }) => `${path}:${line}:${column} ${message}`);
  }
}

describe('an end', () => {
  test.each([
    ['2027-01-31', '2027-02-01T00:00:00Z'],
    ['2028-02-29', '2028-03-01T00:00:00Z'],
    ['2027-12-31', '2028-01-01T00:00:00Z'],
    ['2027-01-31T18:00Z', '2027-01-31T18:00:00Z'],
    ['2027-01-31T18:00:30Z', '2027-01-31T18:00:30Z'],
    ['2027-01-31T18:00+02:00', '2027-01-31T16:00:00Z'],
    ['2027-01-31T23:30-01:00', '2027-02-01T00:30:00Z'],
  ])('%s is %s', (text, instant) => {
    expect(parseEnd(text)).toBe(Date.parse(instant));
  });

  test.each([
    '2027-02-29',
    '2027-02-30',
    '2027-13-01',
    '2027-00-10',
    '2027-01-00',
    '2027-1-1',
    '27-01-01',
    '2027-01-31T18:00',
    '2027-01-31T18:00:00',
    '2027-01-31 18:00Z',
    '2027-01-31T24:00Z',
    '2027-01-31T18:60Z',
    '2027-01-31T18:00+24:00',
    '2027-02-30T10:00Z',
    'tomorrow',
    '',
    ' 2027-01-31',
    '2027-01-31\n',
    '99999-01-01',
    '1767225600000',
    'never',
  ])('%j is none', (text) => {
    expect(parseEnd(text)).toBeNull();
  });
});

describe('until', () => {
  test('ends a learning mode, which needs it, and no other', () => {
    expect(wrong('mode: observe')).toEqual(['0.yaml:2:7 mode observe needs until: a learning mode must end']);
    for (const mode of ['mode: enforce\n', 'mode: frozen\n', '']) {
      expect(wrong(`${mode}until: 2027-01-31`)).toEqual([
        `0.yaml:${mode === '' ? 2 : 3}:1 until is only for mode observe: say mode: observe beside it`,
      ]);
    }
    expect(policyOf('mode: observe\nuntil: 2027-01-31').profiles.get('default')).toMatchObject({
      mode: 'observe',
      until: Date.UTC(2027, 1, 1),
    });
  });

  test('that is past loads: it is for who decides to enforce from then on', () => {
    expect(policyOf('mode: observe\nuntil: 2001-01-31').profiles.get('default')?.until).toBe(
      Date.UTC(2001, 1, 1),
    );
  });

  test('may stand in another file of the profile than the mode, and is one', () => {
    const files = (second: string) =>
      ['mode: observe\nuntil: 2027-01-31', second].map((text, i) => ({
        path: `${i}.yaml`,
        text: `profile: p\n${text}\n`,
      }));
    expect(parsePolicy(files('until: 2027-01-31'), SCHEMES).profiles.get('p')?.mode).toBe('observe');
    expect(() => parsePolicy(files('until: 2027-02-01'), SCHEMES)).toThrow(
      '1.yaml:2:8: until 2027-02-01 contradicts until 2027-01-31 at 0.yaml:3',
    );
  });
});

describe('waivers', () => {
  const sri = sriOf(A512);
  const waiver = (change: Record<string, unknown> = {}) =>
    JSON.stringify({
      npm: 'a@1.0.0',
      integrity: sri,
      lifts: 'age',
      reason: 'r',
      approver: 'ana',
      expires: '2027-01-31',
      ...change,
    });
  const read = (...all: string[]) =>
    policyOf(`waivers: [${all.join(', ')}]`).profiles.get('default')?.ecosystems;

  test('are read whole, dates as text', () => {
    const ecosystems = policyOf(`
waivers:
  - { npm: esbuild@0.25.0, integrity: "${sri}", lifts: install-scripts, reason: native binary, approver: ana, expires: 2027-01-31 }
  - { pypi: Six==1.16.0, hashes: ["${A256}", "${B256}"], lifts: sdist, reason: no wheel, approver: bo, expires: 2027-01-31T12:00Z }
`).profiles.get('default')?.ecosystems;
    expect(
      [...(ecosystems?.get('npm')?.waivers ?? [])].map(([name, versions]) => [name, [...versions]]),
    ).toEqual([
      [
        'esbuild',
        [
          [
            '0.25.0',
            [
              {
                place: 'p.yaml:3',
                lifts: 'install-scripts',
                digests: new Set([A512]),
                single: true,
                reason: 'native binary',
                approver: 'ana',
                expires: Date.UTC(2027, 1, 1),
              },
            ],
          ],
        ],
      ],
    ]);
    const [six] = [...(ecosystems?.get('pypi')?.waivers.values() ?? [])];
    expect(six?.get('1.16')).toMatchObject([
      { single: false, digests: new Set([A256, B256]), expires: Date.UTC(2027, 0, 31, 12) },
    ]);
  });

  test.each(['lifts', 'reason', 'approver', 'expires'])('without %s are an error', (key) => {
    expect(wrong(`waivers: [${waiver({ [key]: undefined })}]`)).toEqual([
      expect.stringMatching(new RegExp(`^0\\.yaml:2:11 waivers\\.0\\.${key} is missing: it must be `)),
    ]);
  });

  test('need exactly one kind of digest, and one exact version', () => {
    expect(wrong(`waivers: [${waiver({ integrity: undefined })}]`)).toHaveLength(1);
    expect(wrong(`waivers: [${waiver({ hashes: [A256] })}]`)).toHaveLength(1);
    expect(wrong(`waivers: [${waiver({ npm: 'a@^1' })}]`)).toHaveLength(1);
    expect(wrong(`waivers: [${waiver({ npm: 'a' })}]`)).toHaveLength(1);
    expect(wrong(`waivers: [${waiver({ integrity: 'sha1-qqqqqqqqqqqqqqqqqqqqqqqqqqo=' })}]`)).toHaveLength(1);
  });

  test('lift every requirement and metadata, nothing else', () => {
    for (const lifts of LIFTABLE) expect(wrong(`waivers: [${waiver({ lifts })}]`)).toEqual([]);
    for (const lifts of [
      'mode',
      'allow',
      'digest',
      'integrity',
      'archive',
      'deny',
      'first-digest',
      '',
      'off',
    ])
      expect(wrong(`waivers: [${waiver({ lifts })}]`)).toHaveLength(1);
  });

  test('may be several of a version; the same lift of the same digest twice is an error', () => {
    expect(
      read(waiver(), waiver({ lifts: 'sdist' }), waiver({ integrity: sriOf(B512) }))
        ?.get('npm')
        ?.waivers.values()
        .next()
        .value?.get('1.0.0'),
    ).toHaveLength(3);
    expect(wrong(`waivers:\n  - ${waiver()}\n  - ${waiver({ reason: 'other' })}`)).toEqual([
      '0.yaml:4:5 age of this artifact is lifted already, by the waiver at 0.yaml:3',
    ]);
    const pypi = (version: string, hashes: string[]) =>
      waiver({ npm: undefined, integrity: undefined, pypi: `a==${version}`, hashes });
    // To PEP 440, these are one version.
    expect(wrong(`waivers: [${pypi('1.0', [A256, B256])}, ${pypi('1.0.0', [B256])}]`)).toHaveLength(1);
    expect(wrong(`waivers: [${pypi('1.0', [A256])}, ${pypi('1.0.0', [B256])}]`)).toEqual([]);
  });
});

describe('upstreams', () => {
  const named = (...entries: [name: string, upstream: string][]) =>
    `upstreams: [${entries.map(([name, upstream]) => `{ npm: "${name}", upstream: ${upstream} }`).join(', ')}]`;

  test('are of all profiles together', () => {
    const policy = parsePolicy(
      [named(['@acme/*', 'acme']), `${named(['tool', 'own'])}`].map((text, i) => ({
        path: `${i}.yaml`,
        text: `profile: p${i}\n${text}\n`,
      })),
      SCHEMES,
    );
    const npm = policy.upstreams.get('npm');
    expect([npm?.best('@acme/x')?.value, npm?.best('tool')?.value, npm?.best('left-pad')]).toEqual([
      { upstream: 'acme', place: '0.yaml:2' },
      { upstream: 'own', place: '1.yaml:2' },
      null,
    ]);
    expect(policy.upstreams.get('pypi')?.best('tool')).toBeNull();
  });

  test.each([
    ['the same name', ['a', 'x'], ['a', 'y']],
    ['the same prefix', ['a*', 'x'], ['a*', 'y']],
    ['a name within a prefix', ['a*', 'x'], ['ab', 'y']],
    ['a prefix within a prefix', ['a*', 'x'], ['ab*', 'y']],
    ['a prefix and the name that it begins with', ['a*', 'x'], ['a', 'y']],
  ] satisfies [string, [string, string], [string, string]][])(
    'with two sources for %s are an error',
    (_, one, other) => {
      for (const [first, second] of [
        [one, other],
        [other, one],
      ] as const) {
        const same: [string, string] = [second[0], first[1]];
        expect(wrong(named(first), named(second))).toEqual([
          expect.stringMatching(/ comes from [xy] here, and from [xy] at [01]\.yaml:2$/),
        ]);
        expect(wrong(named(first, second))).toHaveLength(1);
        expect(wrong(named(first), named(same))).toEqual([]);
      }
    },
  );

  test('with names apart are none, and * belongs elsewhere', () => {
    expect(wrong(named(['ab*', 'x'], ['ac*', 'y'], ['a', 'z']))).toEqual([]);
    expect(wrong(named(['*', 'x']))).toEqual([expect.stringContaining('would take in every name')]);
    expect(wrong(named(['@acme*', 'x']))).toHaveLength(1);
  });
});

test('the licences that are proposed are licences', () => {
  const said = `requirements: { npm: { licence: { allow: ${JSON.stringify(COMMON_LICENCES)} } } }`;
  expect(wrong(said)).toEqual([]);
  expect(policyOf(said).profiles.get('default')?.ecosystems.get('npm')?.requirements.licence).toMatchObject({
    otherwise: 'deny',
  });
});
