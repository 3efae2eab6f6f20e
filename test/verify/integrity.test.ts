import { expect, test } from 'vitest';
import { type Digest, sha256 } from '../../src/model/digest.ts';
import { checkDigests } from '../../src/verify/integrity.ts';

const own256 = sha256('own');
const own512: Digest = `sha512:${'a'.repeat(128)}`;
const other256 = sha256('other');
const other512: Digest = `sha512:${'b'.repeat(128)}`;
const received = { sha256: own256, sha512: own512, size: 3 };
const silent = { declared: [], size: null, pin: null, first: null };

function verdicts(claims: Partial<Parameters<typeof checkDigests>[1]>): Record<string, string> {
  const all = checkDigests(received, { ...silent, ...claims });
  expect(all.map(({ check }) => check)).toEqual(['declared-digest', 'pin', 'first-digest', 'size']);
  return Object.fromEntries(
    all.map(({ check, result, code }) => [check, code ? `${result} ${code}` : result]),
  );
}

test('nothing is said: nothing is verified', () => {
  expect(verdicts({})).toEqual({
    'declared-digest': 'absent NO_DIGEST',
    pin: 'absent NOT_PINNED',
    'first-digest': 'absent DIGEST_CHANGED',
    size: 'absent SIZE_MISMATCH',
  });
});

test.each<[Digest[], string]>([
  [[other256], 'failed DIGEST_MISMATCH'],
  [[own256, other512], 'failed DIGEST_MISMATCH'],
  [[own512, other512], 'failed DIGEST_MISMATCH'],
  [[own256, 'md5:0' as Digest], 'failed DIGEST_MISMATCH'],
  [[own256], 'verified'],
  [[own512], 'verified'],
  [[own256, own512], 'verified'],
])('declared %j: %s', (declared, expected) => {
  expect(verdicts({ declared })['declared-digest']).toBe(expected);
});

test.each<[Digest[], string]>([
  [[], 'failed PIN_MISMATCH'],
  [[other256, other512], 'failed PIN_MISMATCH'],
  [[other256, own256], 'verified'],
  [[own512], 'verified'],
])('pinned %j: %s', (pin, expected) => {
  expect(verdicts({ pin }).pin).toBe(expected);
});

test('the first digest must hold in both algorithms', () => {
  const first = (a: Digest, b: Digest) => verdicts({ first: { sha256: a, sha512: b } })['first-digest'];
  expect(first(other256, own512)).toBe('failed DIGEST_CHANGED');
  expect(first(own256, other512)).toBe('failed DIGEST_CHANGED');
  expect(first(own256, own512)).toBe('verified');
});

test('the size', () => {
  expect(verdicts({ size: 4 }).size).toBe('failed SIZE_MISMATCH');
  expect(verdicts({ size: 0 }).size).toBe('failed SIZE_MISMATCH');
  expect(verdicts({ size: 3 }).size).toBe('verified');
});
