import { expect, test } from 'vitest';
import { commitPoints, SCENARIOS } from './commit-points.ts';

// Each step in turn, of all of them, is in test/full/durability/commit-points.test.ts.
test.for(SCENARIOS)('killed on its way, here and there: %s', { timeout: 120_000 }, async (scenario) => {
  const { killed, steps } = await commitPoints(scenario, (step) => step % 23 === 9);
  console.log(`${scenario}: killed at ${killed} of ${steps} steps`);
  expect(killed).toBeGreaterThan(1);
});
