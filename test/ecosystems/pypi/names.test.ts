import { describe, expect, test } from 'vitest';
import { canonicalName, filePrefixOf } from '../../../src/ecosystems/pypi/names.ts';

describe('canonicalName', () => {
  test.each([
    '',
    '-six',
    'six-',
    '_six',
    'six.',
    '__proto__',
    'si x',
    'six/../x',
    'six%2e',
    'sïx',
    '\u212aivy', // KELVIN SIGN folds to k in Unicode
    'six\n',
    'six\0',
    'a'.repeat(129),
  ])('refuses %j', (raw) => expect(canonicalName(raw)).toBeNull());

  test.each([
    ['six', 'six'],
    ['Foo._-Bar', 'foo-bar'],
    ['zope.interface', 'zope-interface'],
    ['A', 'a'],
    ['2to3', '2to3'],
    ['constructor', 'constructor'],
    ['a'.repeat(128), 'a'.repeat(128)],
  ])('%s is %s', (raw, name) => expect(canonicalName(raw)).toBe(name));

  test('a file prefix has underscores', () => {
    const name = canonicalName('Foo.Bar_baz');
    expect(name && filePrefixOf(name)).toBe('foo_bar_baz');
  });
});
