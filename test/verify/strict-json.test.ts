import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { EvidenceFault } from '../../src/verify/fault.ts';
import { EVIDENCE_LIMITS, readStrictJson } from '../../src/verify/strict-json.ts';

const read = (text: string) => readStrictJson(Buffer.from(text));

/** The cause with which a text is refused; its value where it is read. */
function outcome(bytes: string | Uint8Array): unknown {
  try {
    return { value: readStrictJson(typeof bytes === 'string' ? Buffer.from(bytes) : bytes) };
  } catch (error) {
    if (error instanceof EvidenceFault) return `${error.result} ${error.cause}`;
    throw error;
  }
}

describe('what has one meaning is read as JSON.parse reads it', () => {
  test.each([
    '{}',
    '[]',
    ' null ',
    '"a"',
    '{"a":{"a":{"a":[{"a":1},{"a":2}]}},"b":"a"}',
    '{"a":"\\"a\\":","b":"{\\"b\\":1,\\"b\\":2}"}',
    '{"constructor":1,"toString":2,"hasOwnProperty":3}',
  ])('%s', (text) => {
    expect(read(text)).toEqual(JSON.parse(text));
  });

  test('any JSON value', () => {
    const noProto = fc.jsonValue().filter((value) => !JSON.stringify(value).includes('__proto__'));
    fc.assert(
      fc.property(noProto, (value) => {
        const text = JSON.stringify(value);
        expect(readStrictJson(Buffer.from(text), { size: Infinity, depth: Infinity })).toEqual(
          JSON.parse(text),
        );
      }),
    );
  });
});

describe('refused', () => {
  test.each([
    ['a member twice', '{"a":1,"a":1}'],
    ['a member twice, once escaped', '{"a":1,"\\u0061":2}'],
    ['a member twice, deep within', '[{"x":[{"y":{"z":0,"w":1,"z":2}}]}]'],
    ['a member twice around another object', '{"a":1,"b":{"a":1},"a":2}'],
    ['a member twice, with space before the colon', '{"a":1,"a"\n\t :2}'],
    ['the empty member twice', '{"":1,"":2}'],
  ])('%s', (_words, text) => {
    expect(outcome(text)).toBe('failed duplicate-keys');
  });

  test.each([
    ['nothing', ''],
    ['half of a document', '{"a":'],
    ['two documents', '{}{}'],
    ['a comment', '{"a":1/**/}'],
    ['a web page', '<!doctype html>'],
    ['a byte order mark', '\ufeff{}'],
    ['a prototype', '{"__proto__":{"a":1}}'],
    ['an escaped prototype', '{"a":[{"\\u005f_proto__":1}]}'],
    ['an unclosed string with brackets', `"${'['.repeat(100)}`],
  ])('%s', (_words, text) => {
    expect(outcome(text)).toBe('failed malformed');
  });

  test('bytes that are no UTF-8', () => {
    expect(outcome(Uint8Array.of(0x22, 0xc3, 0x28, 0x22))).toBe('failed malformed');
    expect(outcome(Uint8Array.of(0x22, 0xed, 0xa0, 0x80, 0x22))).toBe('failed malformed');
    expect(outcome(Uint8Array.of(0x22, 0xc0, 0x80, 0x22))).toBe('failed malformed');
  });

  test('one octet more than the limit, and not one fewer', () => {
    const full = `"${'a'.repeat(EVIDENCE_LIMITS.size - 2)}"`;
    expect(outcome(full)).toEqual({ value: JSON.parse(full) });
    expect(outcome(`${full} `)).toBe('failed too-large');
    expect(outcome(Buffer.alloc(10 * 1024 * 1024, '['))).toBe('failed too-large');
  });

  test.each([
    ['[', ']'],
    ['{"a":', '}'],
  ])('one level more than the limit of %s, and not one fewer', (opening, closing) => {
    const nested = (depth: number) =>
      `${opening.repeat(depth)}${closing === '}' ? '1' : ''}${closing.repeat(depth)}`;
    expect(outcome(nested(64))).toEqual({ value: JSON.parse(nested(64)) });
    expect(outcome(nested(65))).toBe('failed malformed');
    expect(outcome(opening.repeat(Math.floor(EVIDENCE_LIMITS.size / opening.length)))).toBe(
      'failed malformed',
    );
  });
});

test('time is linear in the size of the document', () => {
  const members = (count: number) =>
    `{${Array.from({ length: count }, (_, n) => `"k${n}":{"a":1}`).join(',')}}`;
  const escapes = `{"${'\\u0061'.repeat(100_000)}":1}`;
  const started = performance.now();
  read(members(100_000));
  read(escapes);
  read(`["${'\\\\'.repeat(500_000)}"]`);
  read(`[${Array.from({ length: 200_000 }, () => '"a"').join(',')}]`);
  expect(performance.now() - started).toBeLessThan(5000);
});
