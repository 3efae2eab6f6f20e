import { join } from 'node:path';
import { defineConfig } from 'vitest/config';
import { ClosingLine } from './test/harness/closing-line.ts';
import { KeptResults } from './test/harness/kept-results.ts';

// Tests start hundreds of servers, commands and threads: compiled code is kept from one to the next. Whoever may not
// write there, or gets an environment without this, compiles anew.
process.env['NODE_COMPILE_CACHE'] ??= join(import.meta.dirname, 'node_modules', '.cache', 'compiled');

// Two tiers: `fast` (npm test, a few minutes, no registry) and `full` (real clients, registries, kills). Of the full one,
// what times or measures runs a file at a time; what waits for clients and registries, two beside each other before that.
const ABREAST = [
  'test/full/{attacks,clients,evidence,faults,policy,topology}/**/*.test.ts',
  'test/full/bad-input/{start,upstream}.test.ts',
  'test/full/durability/{commit-points,kills}.test.ts',
  'test/full/ledger/{exports,flips,go-primitives,litewitness,rsyslog,schemathesis}.test.ts',
];
const full = { testTimeout: 300_000, hookTimeout: 300_000 };

// What hangs on the world outside (real registries) or on a quiet machine (what is timed) is asked once more where it
// fails, and the closing line says so. Nothing else is: what fails once in two is a bug.
const WORLD = ['test/full/clients/{real,tree}.test.ts', 'test/full/evidence/real.test.ts'];
const TIMED = ['test/full/load/**/*.test.ts'];

export default defineConfig({
  test: {
    reporters: ['default', new ClosingLine(), new KeptResults()],
    // Of two cores both: what is timed is held to CPU time or to a comparison in the same run.
    maxWorkers: '100%',
    projects: [
      {
        test: {
          name: 'fast',
          include: ['test/**/*.test.ts'],
          exclude: ['test/full/**'],
          globalSetup: ['test/harness/thread-bundles.ts'],
          setupFiles: ['test/harness/bundled-threads.ts'],
          testTimeout: 20_000,
        },
      },
      {
        test: {
          ...full,
          name: 'full-abreast',
          include: ABREAST,
          exclude: WORLD,
          maxWorkers: 2,
          sequence: { groupOrder: 1 },
        },
      },
      {
        test: {
          ...full,
          name: 'full-world',
          include: WORLD,
          retry: 1,
          maxWorkers: 2,
          sequence: { groupOrder: 1 },
        },
      },
      {
        test: {
          ...full,
          name: 'full',
          include: ['test/full/**/*.test.ts'],
          exclude: [...ABREAST, ...TIMED],
          fileParallelism: false,
          sequence: { groupOrder: 2 },
        },
      },
      {
        test: {
          ...full,
          name: 'full-timed',
          include: TIMED,
          retry: 1,
          fileParallelism: false,
          sequence: { groupOrder: 3 },
        },
      },
    ],
  },
});
