import { globSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { Worker } from 'node:worker_threads';
import { expect, inject, test } from 'vitest';

const ROOT = join(import.meta.dirname, '..', '..');

test('every thread has a bundle', () => {
  const sources = globSync('src/**/*.thread.ts', { cwd: ROOT });
  expect(sources.length).toBeGreaterThan(6);
  expect(Object.keys(inject('threadBundles')).sort()).toEqual(
    sources.map((path) => pathToFileURL(join(ROOT, path)).href).sort(),
  );
});

test('a thread of a test starts from it, and says what its source says', async () => {
  const file = new URL('src/threads/inspect.thread.ts', pathToFileURL(`${ROOT}/`));
  const thread = new Worker(file);
  try {
    const reply = new Promise((resolve) => thread.once('message', resolve));
    thread.postMessage({ id: 1, method: 'nothing', args: [] });
    expect(await reply).toEqual({ id: 1, error: { name: 'Error', message: 'no method nothing' } });
    const failed = new Promise<Error>((resolve) => thread.once('error', resolve));
    // No call is written so: the thread ends, and its stack names the file that it runs from.
    thread.postMessage(null);
    expect((await failed).stack).toContain('/.cache/threads/inspect.thread.');
  } finally {
    await thread.terminate();
  }
});
