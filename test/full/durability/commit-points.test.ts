import { expect, test } from 'vitest';
import { commitPoints, SCENARIOS } from '../../ledger/published/commit-points.ts';

test.for(SCENARIOS)(
  'killed at each step on the way to something durable: %s',
  {
    timeout: 900_000,
  },
  async (scenario) => {
    const { killed, steps } = await commitPoints(scenario, () => true);
    console.log(`${scenario}: killed at ${killed} of ${steps} steps`);
    // Threads run as they like: a step may be a little later than the last time, and the last ones never come.
    expect(killed).toBeGreaterThan(steps * 0.8);
  },
);
