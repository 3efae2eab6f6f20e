import { readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { Cache } from './cache.ts';
import { errands } from './collect.ts';
import { explanationOf } from './explained.ts';
import { look } from './look.ts';
import { isReachable, Recorder } from './recorder.ts';
import { GENERATED, report } from './report.ts';

/*
 * Real artifacts, inspected: those of the starter policy's trees and of the tests' clients, fetched by real clients. Fails
 * over each that the starter policy would refuse for its bytes and that nobody has explained.
 */

const { values } = parseArgs({
  options: {
    // Where what was fetched is kept, so that it is fetched once.
    cache: { type: 'string', default: join(tmpdir(), 'sallyport-sweep') },
    // Nothing is fetched.
    offline: { type: 'boolean', default: false },
    // No client is started after so long.
    seconds: { type: 'string', default: '3600' },
    // Only clients, and only packages, with this in their name.
    errand: { type: 'string', default: '' },
    only: { type: 'string', default: '' },
    // Writes the figures to docs/inspection.md.
    write: { type: 'boolean', default: false },
  },
});
const cache = new Cache(values.cache);
let failed = 0;
let skipped = 0;
if (!values.offline) {
  const recorder = await Recorder.open(cache);
  try {
    if (await isReachable(recorder)) await collect(recorder);
    else {
      skipped = 1;
      console.log('skipped: nothing is fetched, no registry can be reached');
    }
  } finally {
    await recorder.close();
  }
}

const from = performance.now();
const swept = await look(cache, ({ name }) => name.includes(values.only));
for (const refused of swept.refused) {
  const why = explanationOf(refused);
  if (why === null) failed += 1;
  const { ecosystem, filename, name, code, places } = refused;
  console.log(
    `${why === null ? 'FALSE' : 'explained'}: ${ecosystem} ${name} ${filename} ${code} ${places.join(' ')}${why ? `: ${why}` : ''}`,
  );
}
for (const file of swept.unlisted) console.log(`not listed: ${file}`);
failed += swept.unlisted.length;
const text = report(swept);
console.log(text);
console.log(`inspected in ${Math.round((performance.now() - from) / 1000)} s`);
if (values.write) {
  const path = join(import.meta.dirname, '..', '..', 'docs', 'inspection.md');
  const before = await readFile(path, 'utf8');
  await writeFile(
    path,
    before.replace(GENERATED, (_all, begin: string, end: string) => `${begin}\n${text}\n${end}`),
  );
}
const total = [...swept.files.values()].reduce((sum, count) => sum + count, 0);
if (total === 0 && (skipped === 0 || values.only !== '')) {
  failed += 1;
  console.log(
    values.only === '' ? 'nothing was inspected' : `no package that is kept is named ${values.only}`,
  );
}
console.log(
  `${total - swept.refused.length} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`,
);
process.exitCode = failed > 0 ? 1 : 0;

/** A client that fails (no wheel for a platform) is told: what it fetched is looked at. */
async function collect(recorder: Recorder): Promise<void> {
  const end = performance.now() + Number(values.seconds) * 1000;
  for (const errand of await errands(recorder, cache)) {
    if (performance.now() > end) break;
    if (!errand.title.includes(values.errand)) continue;
    const began = performance.now();
    const problem = await errand.run().then(
      () => '',
      (error: unknown) => `: ${String(error)}`,
    );
    console.log(`${errand.title} (${Math.round((performance.now() - began) / 1000)} s)${problem}`);
  }
}
