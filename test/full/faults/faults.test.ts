import { expect, test } from 'vitest';
import { reportOf } from '../../faults/report.ts';

// The longer runs of test/faults: each about a minute on two cores that are free.

test('whatever kind of error comes where, nothing is served that would not be', {
  timeout: 600_000,
}, async () => {
  const { cases, problems } = await reportOf('long', 590_000);
  expect(problems).toEqual([]);
  expect(cases).toBeGreaterThan(600);
});

test('whatever hangs, no client hangs with it, and nothing is served', { timeout: 600_000 }, async () => {
  const { cases, problems } = await reportOf('hang', 590_000);
  expect(problems).toEqual([]);
  expect(cases).toBeGreaterThan(150);
});
