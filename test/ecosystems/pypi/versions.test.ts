import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { pypiVersions as scheme } from '../../../src/ecosystems/pypi/pypi.ts';
import { linesStayTogether } from '../major-lines.ts';

describe('parseVersion', () => {
  test.each([
    '',
    ' 1.0',
    '1.0\n',
    'latest',
    '1.0-beta-x',
    '1..0',
    '1.0+',
    '1.0+a+b',
    '1_0',
    '1.0_cu100',
    '1.0.*',
    '1234567890123456', // not exact in a double
    `1.${'0.'.repeat(70)}0`,
    '__proto__',
  ])('refuses %j', (raw) => expect(scheme.parseVersion(raw)).toBeNull());

  test.each([
    ['1.0', '1.0'],
    ['v1.0.0', '1.0.0'],
    ['1.0-ALPHA_1', '1.0a1'],
    ['1.0c', '1.0rc0'],
    ['1.0-1', '1.0.post1'],
    ['1.0.Rev3', '1.0.post3'],
    ['01.002', '1.2'],
    ['2!1.0.dev', '2!1.0.dev0'],
    ['1.0rc1.post2.dev3+ABC-01.x', '1.0rc1.post2.dev3+abc.1.x'],
    // Local segments are text unless they are decimal digits.
    ['1.0+1e3', '1.0+1e3'],
    ['1.0+0x10', '1.0+0x10'],
  ])('%s is %s', (raw, normal) => expect(scheme.parseVersion(raw)).toBe(normal));
});

describe('compare', () => {
  // PEP 440, "Summary of permitted suffixes and relative ordering", and its neighbours.
  const ascending = [
    '0+refused.not.on.the.allowlist',
    '1.0.dev1',
    '1.0a1.dev1',
    '1.0a1',
    '1.0a1.post1',
    '1.0b1',
    '1.0rc1',
    '1.0',
    '1.0+abc',
    '1.0+abc.1',
    '1.0+1',
    '1.0+1.abc',
    '1.0+2',
    '1.0.post1.dev1',
    '1.0.post1',
    '1.0.1',
    '1.10',
    '1!0.1',
  ];
  test('follows PEP 440', () => {
    expect([...ascending].reverse().sort(scheme.compare)).toEqual(ascending);
    for (const [i, a] of ascending.entries()) {
      for (const b of ascending.slice(i + 1)) expect([a, b, scheme.compare(a, b) < 0]).toEqual([a, b, true]);
    }
  });

  test('trailing zeros do not count', () => expect(scheme.compare('1.0', '1.0.0')).toBe(0));

  test('what is no version is never the newest, and never stable', () => {
    expect(scheme.compare('nonsense', '0.dev0')).toBeLessThan(0);
    expect(scheme.isPrerelease('nonsense')).toBe(true);
  });

  test.each([
    ['1.0', false],
    ['1.0.post1', false],
    ['1.0+abc', false],
    ['1.0a1', true],
    ['1.0.dev1', true],
    ['1.0.post1.dev1', true],
  ])('%s is a pre-release: %s', (raw, is) => expect(scheme.isPrerelease(raw)).toBe(is));
});

describe('parseRange', () => {
  test.each([
    '',
    '  ',
    '*',
    '1.0',
    '^1.0',
    '>=1.0,',
    '>= 1.0 <2',
    '=>1.0',
    '~=1',
    '>=1.0+abc',
    '>=1.*',
    '==1.0+abc.*',
    '==1.0a1.*',
    '===anything',
    `==1.0${',!=9'.repeat(40)}`,
    `==${'1'.repeat(600)}`,
  ])('refuses %j', (text) => expect(scheme.parseRange(text)).toBeNull());

  test.each([
    ['>=2.0, !=2.1.*, <3', '2.0', true],
    ['>=2.0, !=2.1.*, <3', '2.1.7', false],
    ['>=2.0,<3', '3.0', false],
    ['~=1.4.2', '1.4.9', true],
    ['~=1.4.2', '1.5', false],
    ['~=1.4.2.post1', '1.4.3', true],
    ['==1.0', '1.0.0', true],
    ['==1.0', '1.0+local', true],
    ['==1.0+local', '1.0', false],
    ['==1.0.*', '1.0.post3', true],
    ['==1.*', '1!1.0', false],
    ['===1.0', '1.0.0', false],
    ['<=1.0', '1.0+local', true],
    ['>1.0', '1.0+local', false],
    ['>1.0', '1.0.post1', false],
    ['>1.0.post1', '1.0.post2', true],
    ['>1.0rc1', '1.0.post1', true],
    ['<2.0rc2', '2.0rc1', true],
    ['<1!1.0', '1.0', true],
    ['<2.0', '2.0rc1', false],
    // Pre-releases only where a clause names one.
    ['>=1.0', '1.5rc1', false],
    ['>=1.0rc1,<2', '1.5rc1', true],
    ['>=1.0,!=1.5rc1', '1.6rc1', false],
    ['>=1.0', 'nonsense', false],
  ])('%s holds %s: %s', (text, version, holds) => expect(scheme.parseRange(text)?.has(version)).toBe(holds));

  test.each([
    ['>=1.0', '1.5rc1'],
    ['<2.0', '2.0rc1'],
    ['!=1.0', '2.0.dev3'],
    ['==2.0.*', '2.0a1'],
  ])('a deny of %s reaches %s', (text, version) => {
    expect(scheme.parseRange(text, { prereleases: true })?.has(version)).toBe(true);
    expect(scheme.parseRange(text, { prereleases: false })?.has(version)).toBe(false);
  });

  test('long input is answered at once', () => {
    const started = performance.now();
    for (const text of ['1'.repeat(50_000), `1.0+${'a.'.repeat(25_000)}`, `>=${' '.repeat(50_000)}1`]) {
      expect(scheme.parseVersion(text)).toBeNull();
      expect(scheme.parseRange(text)).toBeNull();
    }
    expect(performance.now() - started).toBeLessThan(1_000);
  });
});

describe('major lines', () => {
  test.each([
    ['1.2.3', '1'],
    ['2', '2'],
    ['0.1', '0'],
    ['2.0.dev1', '2'],
    ['2.0a1', '2'],
    ['2024.1', '2024'],
    ['1!2.0', '1!2'],
    ['0!2.0', '2'],
    ['2.0+cpu', '2'],
  ])('%s is of line %s', (version, line) => expect(scheme.majorLine(version)).toBe(line));

  test.each(['', 'latest', '1..0'])('%j has none', (raw) => {
    expect(() => scheme.majorLine(raw)).toThrow(TypeError);
  });
});

describe('properties', () => {
  const part = fc.nat({ max: 12 });
  const version = fc
    .tuple(
      fc.option(fc.nat({ max: 2 }), { nil: null }),
      fc.array(part, { minLength: 1, maxLength: 4 }),
      fc.option(fc.tuple(fc.constantFrom('a', 'b', 'rc'), part), { nil: null }),
      fc.option(part, { nil: null }),
      fc.option(part, { nil: null }),
      fc.option(fc.stringMatching(/^[a-z0-9]{1,4}(\.[a-z0-9]{1,4}){0,2}$/), { nil: null }),
    )
    .map(([epoch, release, pre, post, dev, local]) =>
      [
        epoch === null ? '' : `${epoch}!`,
        release.join('.'),
        pre?.join('') ?? '',
        post === null ? '' : `.post${post}`,
        dev === null ? '' : `.dev${dev}`,
        local === null ? '' : `+${local}`,
      ].join(''),
    );

  test('a normal form is its own normal form, and equal to what it came from', () => {
    fc.assert(
      fc.property(version, (raw) => {
        const normal = scheme.parseVersion(raw);
        expect(normal).not.toBeNull();
        expect(scheme.parseVersion(normal ?? '')).toBe(normal);
        expect(scheme.compare(raw, normal ?? '')).toBe(0);
      }),
    );
  });

  test('the order is total: antisymmetric and transitive', () => {
    fc.assert(
      fc.property(version, version, version, (a, b, c) => {
        expect(Math.sign(scheme.compare(a, b)) + Math.sign(scheme.compare(b, a))).toBe(0);
        if (scheme.compare(a, b) <= 0 && scheme.compare(b, c) <= 0) {
          expect(scheme.compare(a, c)).toBeLessThanOrEqual(0);
        }
      }),
    );
  });

  test('major lines do not interleave', () => {
    fc.assert(fc.property(fc.array(version, { maxLength: 40 }), (list) => linesStayTogether(scheme, list)));
  });

  test('a clause and its negation share every version between them', () => {
    fc.assert(
      fc.property(version, version, (v, wanted) => {
        const base = scheme.parseVersion(wanted)?.split('+')[0];
        const has = (operator: string) =>
          scheme.parseRange(`${operator}${base}`, { prereleases: true })?.has(v);
        expect(has('==')).toBe(!has('!='));
        expect(has('>=') || has('<=')).toBe(true);
        if (has('<')) expect(has('>=')).toBe(false);
        if (has('>')) expect(has('<=')).toBe(false);
      }),
    );
  });

  test('no text makes them throw', () => {
    fc.assert(
      fc.property(fc.string(), fc.string(), (a, b) => {
        scheme.canonicalName(a);
        scheme.parseVersion(a);
        scheme.compare(a, b);
        scheme.isPrerelease(a);
        scheme.parseRange(a)?.has(b);
        scheme.parseRange(`>=1,${a}`)?.has(b);
      }),
    );
  });
});
