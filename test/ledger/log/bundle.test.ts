import fc from 'fast-check';
import { expect, test } from 'vitest';
import { bundleBytes, bundleEntries, MAX_BUNDLE_ENTRY } from '../../../src/ledger/log/bundle.ts';
import { LogError } from '../../../src/ledger/log/log-error.ts';

const list = fc.array(fc.uint8Array({ maxLength: 600 }), { minLength: 1, maxLength: 256 });

test('a bundle is its entries, each after its length', () => {
  expect(bundleBytes([Buffer.from('ab'), Buffer.from(''), Buffer.from('c')]).toString('hex')).toBe(
    '000261620000000163',
  );
  fc.assert(
    fc.property(list, (entries) => {
      const bytes = bundleBytes(entries);
      expect(bundleEntries(bytes, entries.length)).toEqual(entries.map((entry) => Buffer.from(entry)));
    }),
  );
});

test('a bundle of another width, one byte longer or shorter, is refused', () => {
  fc.assert(
    fc.property(list, fc.nat(), (entries, cut) => {
      const bytes = bundleBytes(entries);
      expect(() => bundleEntries(bytes, entries.length + 1)).toThrow(LogError);
      expect(() => bundleEntries(bytes, entries.length - 1)).toThrow(LogError);
      expect(() => bundleEntries(bytes.subarray(0, cut % bytes.length), entries.length)).toThrow(LogError);
      expect(() => bundleEntries(Buffer.concat([bytes, Buffer.alloc(1)]), entries.length)).toThrow(LogError);
    }),
  );
});

test('bytes of any kind are read as a bundle or refused, and what is read writes the same bytes', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 64 }), fc.integer({ min: -1, max: 300 }), (bytes, width) => {
      let entries: Buffer[];
      try {
        entries = bundleEntries(bytes, width);
      } catch (error) {
        expect(error).toBeInstanceOf(LogError);
        return;
      }
      expect(entries.length).toBe(width);
      expect(bundleBytes(entries)).toEqual(Buffer.from(bytes));
    }),
    { numRuns: 500 },
  );
});

test('at most 256 entries of at most 65535 bytes, and at least one', () => {
  const largest = Buffer.alloc(MAX_BUNDLE_ENTRY, 1);
  expect(bundleEntries(bundleBytes([largest]), 1)).toEqual([largest]);
  expect(() => bundleBytes([Buffer.alloc(MAX_BUNDLE_ENTRY + 1)])).toThrow(LogError);
  expect(() => bundleBytes([])).toThrow(LogError);
  expect(() => bundleBytes(Array(257).fill(Buffer.from('x')))).toThrow(LogError);
  expect(() => bundleEntries(Buffer.alloc(0), 0)).toThrow(LogError);
  expect(() => bundleEntries(Buffer.alloc(257 * 2), 257)).toThrow(LogError);
  expect(() => bundleEntries(Buffer.alloc(0), Number.NaN)).toThrow(LogError);
});
