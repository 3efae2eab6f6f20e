import fc from 'fast-check';
import { expect, test } from 'vitest';
import { DerError, readDer, readDerValue } from '../../../src/verify/sigstore/der.ts';

const hex = (text: string) => Buffer.from(text.replaceAll(' ', ''), 'hex');

test('values that stand one after another', () => {
  expect(readDer(hex('0c0161 0500 300302012a'))).toEqual([
    { tag: 0x0c, content: hex('61') },
    { tag: 0x05, content: hex('') },
    { tag: 0x30, content: hex('02012a') },
  ]);
  expect(readDer(hex(''))).toEqual([]);
  expect(readDer(hex(`0481 80 ${'00'.repeat(128)}`))[0]?.content).toHaveLength(128);
  expect(readDer(hex(`0482 0100 ${'00'.repeat(256)}`))[0]?.content).toHaveLength(256);
});

test.each([
  ['no length', '0c'],
  ['a value cut short', '0c0561'],
  ['an indefinite length', '308000000000'],
  ['a long length for a short one', '0c810161'],
  ['a leading zero in a length', `04820080${'00'.repeat(128)}`],
  ['a length cut short', '048201'],
  ['a length of many octets', '04840000000161'],
  ['a tag of two octets', '1f8101 0161'],
])('refused: %s', (_what, text) => {
  expect(() => readDer(hex(text))).toThrow(DerError);
});

test('any bytes are DER or are not, and what is read says all that was there', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 64 }), (bytes) => {
      try {
        const values = readDer(bytes);
        const octets = values.reduce((sum, { content }) => sum + content.length, 0);
        expect(octets + 2 * values.length).toBeLessThanOrEqual(bytes.length);
      } catch (error) {
        expect(error).toBeInstanceOf(DerError);
      }
    }),
  );
});

test('one value of one tag', () => {
  expect(readDerValue(hex('0c0161'), 0x0c)).toEqual(hex('61'));
  for (const text of ['', '0c0161 0500', '160161'])
    expect(() => readDerValue(hex(text), 0x0c)).toThrow(DerError);
});
