import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { IndexUnreadable } from '../../src/ecosystems/ecosystem.ts';
import { isBoundedJson } from '../../src/ecosystems/json-bounds.ts';
import { npm } from '../../src/ecosystems/npm/npm.ts';
import { pypi } from '../../src/ecosystems/pypi/pypi.ts';
import type { PackageName } from '../../src/model/artifact.ts';

const bounded = (text: string) => isBoundedJson(Buffer.from(text));

describe('brackets that a parser should not be given', () => {
  test.each([
    ['arrays', '['.repeat(201)],
    ['objects', '{"a":'.repeat(201)],
    ['with closing brackets in strings between them', '["]]]]",'.repeat(201)],
    ['behind an escaped quote', `["\\"",${'['.repeat(201)}`],
    ['behind an escaped backslash', `["\\\\",${'['.repeat(201)}`],
    ['many beside each other', `[${'{},'.repeat(5_100_000)}{}]`],
  ])('%s', (_what, text) => {
    expect(bounded(text)).toBe(false);
  });

  test('an index of them is unreadable, in both ecosystems', () => {
    const name = 'left-pad' as PackageName;
    const npmText = `{"name":"left-pad","versions":{},"dist-tags":{},"x":${'['.repeat(300)}${']'.repeat(300)}}`;
    expect(() => npm.readIndex(name, Buffer.from(npmText))).toThrow(IndexUnreadable);
    const page = `{"meta":{"api-version":"1.1"},"name":"left-pad","files":[],"x":${'['.repeat(300)}${']'.repeat(300)}}`;
    expect(() => pypi.readIndex(name, Buffer.from(page))).toThrow(IndexUnreadable);
  });
});

describe('documents', () => {
  test('brackets inside strings count for nothing', () => {
    expect(bounded(JSON.stringify({ readme: '['.repeat(100_000), quote: '"[{\\"[[' }))).toBe(true);
    expect(bounded('"an open string [[[['.repeat(1))).toBe(true);
  });

  test('whatever JSON.stringify writes of a value of bearable depth', () => {
    fc.assert(fc.property(fc.jsonValue({ maxDepth: 8 }), (value) => bounded(JSON.stringify(value))));
  });
});
