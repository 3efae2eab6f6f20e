import { expect, test } from 'vitest';
import { RecentAnswers } from '../../src/admission/evidence/recent-answers.ts';

const NOW = 1_700_000_000_000;
const KB = 1024;

test('an answer is used again for two seconds, by a clock that is not set back', () => {
  const answers = new RecentAnswers();
  answers.put('a', 'not-there', NOW);
  expect(answers.get('a', NOW + 1_999)).toBe('not-there');
  expect(answers.get('a', NOW + 2_000)).toBeNull();
  expect(answers.get('a', NOW - 2_000)).toBeNull();
  expect(answers.get('b', NOW)).toBeNull();
});

test('documents take no more room than there is, and none longer than they are used', () => {
  const answers = new RecentAnswers(64 * KB);
  for (let i = 0; i < 100; i++) {
    answers.put(`${i}`, new Uint8Array(20 * KB), NOW);
    expect(answers.bytes).toBeLessThanOrEqual(64 * KB);
  }
  expect(answers.get('99', NOW)).toHaveLength(20 * KB);
  expect(answers.get('96', NOW)).toBeNull();
  answers.put('later', 'unreachable', NOW + 2_000);
  expect(answers.bytes).toBeLessThan(KB);
  expect(answers.get('later', NOW + 2_000)).toBe('unreachable');
});

test('the same question again takes the place of its earlier answer', () => {
  const answers = new RecentAnswers();
  answers.put('a', new Uint8Array(KB), NOW);
  const once = answers.bytes;
  answers.put('a', new Uint8Array(KB), NOW + 1);
  expect(answers.bytes).toBe(once);
  answers.put('a', 'too-large', NOW + 2);
  expect(answers.get('a', NOW + 2)).toBe('too-large');
});

test('a document larger than all the room is not kept', () => {
  const answers = new RecentAnswers(KB);
  answers.put('a', new Uint8Array(2 * KB), NOW);
  expect(answers.bytes).toBe(0);
  expect(answers.get('a', NOW)).toBeNull();
});
