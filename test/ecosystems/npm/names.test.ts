import { describe, expect, test } from 'vitest';
import { canonicalName } from '../../../src/ecosystems/npm/names.ts';

describe('names', () => {
  test.each([
    '',
    '.',
    '..',
    '-',
    '.hidden',
    '_private',
    '__proto__',
    'a/b',
    'a b',
    'a%2fb',
    'a\\b',
    'a\0',
    'a\n',
    'a:b',
    'a*',
    '@',
    '@s',
    '@s/',
    '@/n',
    '@s/-',
    '@s/.n',
    '@s/n/m',
    '@../n',
    '@s/..',
    'node_modules',
    'favicon.ico',
    'é',
    'ａ',
    'a'.repeat(215),
    `@s/${'a'.repeat(4096)}`,
  ])('%j is none', (raw) => {
    expect(canonicalName(raw)).toBeNull();
  });

  test.each([
    'express',
    'JSONStream',
    'constructor',
    'toString',
    'lodash.merge',
    'a',
    '7zip',
    '@types/node',
    '@-xun/x',
    '@s/_n',
  ])('%j is one, spelt as it is', (raw) => {
    expect(canonicalName(raw)).toBe(raw);
  });
});
