import { describe, expect, test } from 'vitest';
import { saysAll } from '../../../src/verify/sigstore/protobuf-json.ts';

describe('says all', () => {
  test.each([
    [
      { a: 'x', b: ['y'] },
      { a: 'x', b: ['y'] },
    ],
    ['what proto3 leaves out', { a: '', b: 0, c: '0', d: null, e: [], f: {} }, {}],
    ['an empty message that is kept', { a: {} }, { a: {} }],
    ['a message of which nothing is left', { a: { b: [], c: '' } }, {}],
    ['a number of 64 bits', { a: 12345 }, { a: '12345' }],
    ['an instant', { a: '2021-01-12T11:53:27Z' }, { a: '2021-01-12T11:53:27.000Z' }],
    ['an instant of microseconds', { a: '2022-12-31T23:59:59.999000Z' }, { a: '2022-12-31T23:59:59.999Z' }],
  ])('%j', (...given) => {
    const [value, written] = given.slice(-2);
    expect(saysAll(value, written)).toBe(true);
  });
});

describe('says less, or other things', () => {
  test.each([
    ['a member that is not known', { a: 'x', b: 'y' }, { a: 'x' }],
    ['one deep within', { a: [{ b: { c: 'x' } }] }, { a: [{ b: {} }] }],
    ['base64 of which only the beginning is', { a: 'QUJD!' }, { a: 'QUJD' }],
    ['a list of another length', { a: ['x', 'y'] }, { a: ['x'] }],
    ['a list where there is none', { a: 'x' }, { a: ['x'] }],
    ['text where a list is', { a: ['x'] }, { a: 'x' }],
    ['a truth value', { a: true }, { a: 'true' }],
    ['a number that is not whole', { a: 1.5 }, { a: '1.5' }],
    ['a number beyond what is exact', { a: 2 ** 60 }, { a: String(2 ** 60) }],
    ['another instant', { a: '2021-01-12T11:53:27Z' }, { a: '2021-01-12T11:53:28.000Z' }],
    ['an instant that is none', { a: 'yesterday' }, { a: 'never' }],
    ['a falsehood', { a: false }, {}],
  ])('%s', (_what, given, written) => {
    expect(saysAll(given, written)).toBe(false);
  });
});
