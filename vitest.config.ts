import { defineConfig } from 'vitest/config';
import { ClosingLine } from './test/harness/closing-line.ts';

// Two tiers: `fast` (npm test, a few minutes, no registry) and `full` (real clients, registries, kills).
export default defineConfig({
  test: {
    reporters: ['default', new ClosingLine()],
    // Of two cores both: what is timed is held to CPU time or to a comparison in the same run.
    maxWorkers: '100%',
    projects: [
      {
        test: {
          name: 'fast',
          include: ['test/**/*.test.ts'],
          exclude: ['test/full/**'],
          testTimeout: 20_000,
        },
      },
      {
        test: {
          name: 'full',
          include: ['test/full/**/*.test.ts'],
          testTimeout: 300_000,
          hookTimeout: 300_000,
          fileParallelism: false,
        },
      },
    ],
  },
});
