import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { npmVersions, parseRange, parseVersion } from '../../../src/ecosystems/npm/versions.ts';
import { linesStayTogether } from '../major-lines.ts';

describe('versions', () => {
  test.each([
    '',
    'v1.2.3',
    '=1.2.3',
    ' 1.2.3',
    '1.2.3\n',
    '1.2',
    '1',
    '01.2.3',
    '1.2.3-01',
    'latest',
    '*',
    '^1.0.0',
  ])('%j is none', (raw) => expect(parseVersion(raw)).toBeNull());

  test('one that is longer than 256 characters is none', () => {
    expect(parseVersion(`1.0.0-${'a'.repeat(250)}`)).not.toBeNull();
    expect(parseVersion(`1.0.0-${'a'.repeat(251)}`)).toBeNull();
  });

  test('the normal form has no build metadata', () => {
    expect(parseVersion('1.2.3-beta.1+build.5')).toBe('1.2.3-beta.1');
  });

  test('order and prereleases', () => {
    expect(npmVersions.compare('1.10.0', '1.9.0')).toBeGreaterThan(0);
    expect(npmVersions.compare('1.0.0-rc.1', '1.0.0')).toBeLessThan(0);
    expect(npmVersions.isPrerelease('1.0.0-rc.1')).toBe(true);
    expect(npmVersions.isPrerelease('1.0.0')).toBe(false);
  });
});

describe('major lines', () => {
  test.each([
    ['1.2.3', '1'],
    ['0.0.1', '0'],
    ['2.0.0-rc.1', '2'],
    ['10.0.0', '10'],
  ])('%s is of line %s', (version, line) => expect(npmVersions.majorLine(version)).toBe(line));

  test.each(['', '1', 'latest', 'x.1.2'])('%j has none', (raw) => {
    expect(() => npmVersions.majorLine(raw)).toThrow(TypeError);
  });

  test('do not interleave', () => {
    const version = fc
      .tuple(fc.nat(3), fc.nat(2), fc.nat(2), fc.constantFrom('', '-0', '-alpha', '-rc.1'))
      .map(([major, minor, patch, pre]) => `${major}.${minor}.${patch}${pre}`);
    fc.assert(
      fc.property(fc.array(version, { maxLength: 40 }), (list) => linesStayTogether(npmVersions, list)),
    );
  });
});

describe('ranges', () => {
  test.each([
    '',
    '   ',
    '||',
    '>=4 ||',
    '|| 1.x',
    '1.x || || 2.x',
    'latest',
    '>=a',
    '>=1 <2 foo',
    '1.0.0\0',
    '>1\n||',
  ])('%j is none', (text) => expect(parseRange(text)).toBeNull());

  test('one that is longer than 2048 characters is none', () => {
    expect(parseRange(`>=1.0.0${' '.repeat(2042)}`)).toBeNull();
  });

  test('prereleases are left out, unless they are asked for', () => {
    const usual = parseRange('>=4.19 <6');
    expect(usual?.has('5.0.0')).toBe(true);
    expect(usual?.has('5.0.0-beta.1')).toBe(false);
    expect(usual?.has('6.0.0')).toBe(false);
    const all = parseRange('>=4.19 <6', { prereleases: true });
    expect(all?.has('5.0.0-beta.1')).toBe(true);
    expect(all?.has('6.0.0')).toBe(false);
  });

  test('`has` never throws, and knows no version in what is none', () => {
    const any = parseRange('*');
    for (const text of ['', 'x', '__proto__', 'a'.repeat(10_000), '1'.repeat(300)])
      expect(any?.has(text)).toBe(false);
  });

  test('parsing never throws and is quick on hostile text', () => {
    const hostile = [
      ' '.repeat(2000),
      `>=${'0'.repeat(2000)}`,
      `1.0.0-${'-'.repeat(240)} - `.repeat(8),
      '1||'.repeat(600),
      '>'.repeat(2048),
      `${'x.'.repeat(1000)}x`,
      `1.2.3-${'a.'.repeat(120)}`,
    ];
    for (const text of hostile) {
      const before = performance.now();
      parseRange(text);
      parseVersion(text);
      expect(performance.now() - before).toBeLessThan(500);
    }
    fc.assert(
      fc.property(fc.string({ maxLength: 3000 }), (text) => {
        parseRange(text)?.has(text);
        parseVersion(text);
      }),
    );
  });
});
