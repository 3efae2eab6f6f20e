import { syncBuiltinESMExports } from 'node:module';
import threads from 'node:worker_threads';
import { expect, inject } from 'vitest';

// Threads of this test file start from one file each instead of from hundreds: the same sources, put together before the
// run (thread-bundles.ts). What tests threads themselves has them from the sources.

const bundles = inject('threadBundles');

if (!expect.getState().testPath?.includes('/test/threads/')) {
  const { Worker } = threads;
  threads.Worker = class extends Worker {
    constructor(file: string | URL, options?: threads.WorkerOptions) {
      const bundle = bundles[String(file)];
      super(bundle === undefined ? file : new URL(bundle), options);
    }
  };
  syncBuiltinESMExports();
}
