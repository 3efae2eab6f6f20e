import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { entryBytes, leafHash, MAX_ENTRY_BYTES } from '../../src/ledger/canonical.ts';
import type { EntryDraft, EntryValue } from '../../src/ledger/ledger.ts';

const base = { type: 'decision', time: 1, id: 'r' } as const;
const bytesWith = (fields: Record<string, unknown>) => entryBytes({ ...base, ...fields } as EntryDraft);
const nested = (levels: number): EntryValue => (levels === 0 ? 'end' : [nested(levels - 1)]);

describe('what is no entry is refused', () => {
  class Custom {
    x = 'y';
  }
  const hole: unknown[] = ['a'];
  hole[2] = 'c';
  const circle: Record<string, unknown> = {};
  circle['self'] = circle;
  const cases: [string, Record<string, unknown>][] = [
    ['null', { x: null }],
    ['undefined', { x: undefined }],
    ['true', { x: true }],
    ['a fraction', { x: 1.5 }],
    ['an unsafe integer', { x: 2 ** 53 }],
    ['NaN', { x: Number.NaN }],
    ['Infinity', { x: Number.POSITIVE_INFINITY }],
    ['a bigint', { x: 1n }],
    ['a symbol', { x: Symbol('x') }],
    ['a function', { x: () => 1 }],
    ['a date', { x: new Date(0) }],
    ['a map', { x: new Map() }],
    ['bytes', { x: new Uint8Array(2) }],
    ['an instance', { x: new Custom() }],
    ['an object with toJSON', { x: { toJSON: () => 'other' } }],
    ['a list with toJSON', { x: Object.assign(['a'], { toJSON: () => 'other' }) }],
    ['a hole', { x: hole }],
    ['a lone high surrogate', { x: 'a\ud800' }],
    ['a lone low surrogate in a key', { 'k\udc00': 'a' }],
    ['deep inside', { x: [{ y: [null] }] }],
    ['one level too many', { x: nested(8) }],
    ['a circle', circle],
    ['a version of its own', { v: 2 }],
    ['a time that is none', { time: -1 }],
    ['a fractional time', { time: 0.1 }],
    ['an empty id', { id: '' }],
    ['a long id', { id: 'x'.repeat(129) }],
    ['an unknown type', { type: 'toString' }],
  ];
  for (const [name, fields] of cases) {
    test(name, () => {
      expect(() => bytesWith(fields)).toThrow(
        expect.objectContaining({ name: 'LedgerError', code: 'malformed' }),
      );
    });
  }

  test('too large, in bytes of UTF-8, in one piece or in many', () => {
    const tooLarge = expect.objectContaining({ name: 'LedgerError', code: 'too-large' });
    const room = MAX_ENTRY_BYTES - Buffer.byteLength(bytesWith({ x: '' }));
    expect(Buffer.byteLength(bytesWith({ x: 'x'.repeat(room) }))).toBe(MAX_ENTRY_BYTES);
    expect(() => bytesWith({ x: 'x'.repeat(room + 1) })).toThrow(tooLarge);
    expect(() => bytesWith({ x: 'ü'.repeat(room / 2 + 1) })).toThrow(tooLarge);
    expect(() => bytesWith({ x: Array.from({ length: MAX_ENTRY_BYTES }, () => '') })).toThrow(tooLarge);
    expect(() => bytesWith({ x: '\n'.repeat(room / 2 + 1) })).toThrow(tooLarge);
    expect(() => bytesWith({ x: new Array(2 ** 30) })).toThrow(
      expect.objectContaining({ name: 'LedgerError' }),
    );
  });
});

describe('the canonical form', () => {
  test('members in the order of RFC 8785 section 3.2.3, text as it was given', () => {
    const fields = {
      '€': 'Euro Sign',
      '\r': 'Carriage Return',
      \ufb33: 'Hebrew Letter Dalet With Dagesh',
      '1': 'One',
      '😀': 'Emoji: Grinning Face',
      '\u0080': 'Control',
      ö: 'Latin Small Letter O With Diaeresis',
    };
    const bytes = bytesWith({ x: fields });
    const order = ['\\r', '1', '\u0080', 'ö', '€', '😀', '\ufb33'].map((key) => bytes.indexOf(`"${key}":`));
    expect(order).toEqual([...order].sort((a, b) => a - b));
    expect(order).not.toContain(-1);
    expect(bytesWith({ x: 'e\u0301' })).not.toBe(bytesWith({ x: '\u00e9' }));
    expect(bytesWith({})).toBe('{"id":"r","time":1,"type":"decision","v":1}');
  });

  test('poisoned keys are data', () => {
    const fields = JSON.parse('{"__proto__":{"x":"1"},"constructor":"c","toString":"t"}') as Record<
      string,
      unknown
    >;
    expect(bytesWith({ f: fields })).toContain('{"__proto__":{"x":"1"},"constructor":"c","toString":"t"}');
    expect(entryBytes(Object.assign(Object.create(null), base) as EntryDraft)).toBe(bytesWith({}));
  });

  const value = fc.letrec<{ value: EntryValue }>((tie) => ({
    value: fc.oneof(
      { maxDepth: 4, depthSize: 'small' },
      fc.string({ unit: 'binary', maxLength: 20 }),
      fc.maxSafeInteger().map((n) => n + 0),
      fc.array(tie('value'), { maxLength: 4 }),
      fc.dictionary(fc.string({ unit: 'binary', maxLength: 8 }), tie('value'), { maxKeys: 4 }),
    ),
  })).value;
  const draft = fc.dictionary(fc.string({ unit: 'binary', maxLength: 8 }), value, { maxKeys: 6 });

  const turned = (item: EntryValue): EntryValue => {
    if (typeof item !== 'object') return item;
    if (Array.isArray(item)) return item.map(turned);
    const members: [string, EntryValue][] = Object.entries(item);
    return Object.fromEntries(members.reverse().map(([key, member]) => [key, turned(member)]));
  };

  /** RFC 8785 in its simplest words, for what entries may hold. */
  const plainly = (item: EntryValue): string => {
    if (typeof item !== 'object') return JSON.stringify(item);
    if (Array.isArray(item)) return `[${item.map(plainly).join(',')}]`;
    const members = item as Record<string, EntryValue>;
    const pairs = Object.keys(members)
      .sort()
      .map((key) => `${JSON.stringify(key)}:${plainly(members[key] ?? '')}`);
    return `{${pairs.join(',')}}`;
  };

  test('holds for any entry: one form whatever the order of members, and nothing lost', () => {
    fc.assert(
      fc.property(draft, (fields) => {
        const entry = { x: fields };
        const bytes = bytesWith(entry);
        expect(bytes).toBe(plainly({ ...base, ...entry, v: 1 }));
        expect(bytesWith({ x: turned(fields) })).toBe(bytes);
        const back = JSON.parse(bytes) as Record<string, unknown>;
        expect(plainly(back['x'] as EntryValue)).toBe(plainly(fields));
        expect(Buffer.from(bytes).toString()).toBe(bytes);
      }),
      { numRuns: 300 },
    );
  });
});

test('leaf hashes are those of RFC 6962: 0x00 goes before the bytes', () => {
  expect(leafHash('')).toBe('6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d');
});
