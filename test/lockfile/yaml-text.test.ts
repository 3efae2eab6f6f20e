import fc from 'fast-check';
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { quotedText, yamlText } from '../../src/lockfile/yaml-text.ts';

test('any text stands in a flow map as the text that it is, on one line', () => {
  const words = fc.constantFrom(
    'true',
    'no',
    'null',
    '@a/b',
    '1.0',
    '1e3',
    '~',
    'a: b',
    '- x',
    '# x',
    '"',
    "'",
    '\u2028',
  );
  fc.assert(
    fc.property(fc.oneof(fc.string({ unit: 'binary' }), words), (text) => {
      for (const written of [yamlText(text), quotedText(text)]) {
        expect(written).toMatch(/^[\x20-\x7e]*$/);
        expect(parse(`{ npm: ${written}, b: 1 }`, { version: '1.2', schema: 'core' })).toEqual({
          npm: text,
          b: 1,
        });
      }
    }),
    { numRuns: 2000 },
  );
});
