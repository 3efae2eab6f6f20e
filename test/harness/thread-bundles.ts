import { createHash } from 'node:crypto';
import {
  accessSync,
  constants,
  globSync,
  mkdirSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { basename, join } from 'node:path';
import { pathToFileURL } from 'node:url';
// The bundler that comes with the test runner.
import { rolldown } from 'rolldown';
import type { TestProject } from 'vitest/node';

// A house starts seven threads, and a test a house: most of what it then does is to find, read and strip the same hundreds
// of modules. Before a run each thread's sources, as they are then, are put into one file; `bundled-threads.ts` has the
// tests' own threads start from it. Processes that tests start, test/threads and the full tier load the sources.

const PROJECT = join(import.meta.dirname, '..', '..');
/** Inside node_modules, so that what is left outside a bundle is found as from the sources. */
const KEPT = join(PROJECT, 'node_modules', '.cache', 'threads');
const DAY = 86_400_000;

declare module 'vitest' {
  interface ProvidedContext {
    /** Address of a thread's source → that of its bundle. */
    threadBundles: Readonly<Record<string, string>>;
  }
}

/**
 * Before a run: the bundles, under the digest of their text, so that runs beside each other never change one. Whoever may
 * not write there has none, and the threads start from the sources.
 */
export async function setup({ provide }: Pick<TestProject, 'provide'>): Promise<void> {
  const sources = globSync('src/**/*.thread.ts', { cwd: PROJECT }).map((path) => join(PROJECT, path));
  try {
    mkdirSync(KEPT, { recursive: true });
    accessSync(KEPT, constants.W_OK);
  } catch {
    return provide('threadBundles', {});
  }
  const made = await Promise.all(
    sources.map(async (source) => [pathToFileURL(source).href, await bundleOf(source)]),
  );
  removeOld();
  provide('threadBundles', Object.fromEntries(made));
}

/** The address of a file with all that a source loads, but for native code. */
async function bundleOf(source: string): Promise<string> {
  const bundle = await rolldown({ input: source, platform: 'node', external: ['better-sqlite3'] });
  const { output } = await bundle.generate({ format: 'esm', codeSplitting: false, keepNames: true });
  await bundle.close();
  const [{ code }] = output;
  const digest = createHash('sha256').update(code).digest('hex').slice(0, 16);
  const path = join(KEPT, `${basename(source, '.ts')}.${digest}.mjs`);
  writeFileSync(`${path}.${process.pid}`, code);
  renameSync(`${path}.${process.pid}`, path);
  return pathToFileURL(path).href;
}

/** Bundles of sources that nobody has had for a day. */
function removeOld(): void {
  for (const name of readdirSync(KEPT)) {
    const path = join(KEPT, name);
    // One that is gone was removed by a run beside this.
    const found = statSync(path, { throwIfNoEntry: false });
    if (found && found.mtimeMs < Date.now() - DAY) rmSync(path, { force: true });
  }
}
