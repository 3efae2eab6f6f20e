import { expect, test } from 'vitest';
import { at } from '../../src/verify/json-path.ts';

const TREE = { a: [{ b: 'x' }], length: 3 };

test.each([
  ['inherited, of an object', ['toString']],
  ['the length of a list', ['a', 'length']],
  ['a member of a text', ['a', 0, 'b', 'length']],
  ['an item of a text', ['a', 0, 'b', 0]],
  ['an item by its name', ['a', '0']],
  ['an item that is not there', ['a', 1]],
  ['within nothing', ['c', 'd']],
])('%s is nothing', (_, path) => {
  expect(at(TREE, ...path)).toBe(undefined);
});

test('own members and items are found', () => {
  expect(at(TREE, 'a', 0, 'b')).toBe('x');
  expect(at(TREE, 'length')).toBe(3);
  expect(at(TREE)).toBe(TREE);
});
