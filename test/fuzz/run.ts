/**
 * All properties, longer than the fast tier gives them: npm run fuzz -- --runs 100000 --seed 7 --only archives
 * What fails says its input: with a line on the bug it becomes a file of test/corpus.
 */
import { parseArgs } from 'node:util';
import { corpus, PROPERTIES } from './all.ts';

const { values } = parseArgs({
  options: { runs: { type: 'string' }, seed: { type: 'string' }, only: { type: 'string' } },
});
const seed = Number(values.seed ?? Date.now() % 2 ** 31);
const chosen = PROPERTIES.filter(({ name }) => values.only === undefined || values.only === name);
let passed = 0;
let failed = 0;

async function attempt(what: string, work: () => Promise<void>): Promise<void> {
  const began = performance.now();
  try {
    await work();
    passed += 1;
    console.log(`held: ${what}, ${((performance.now() - began) / 1000).toFixed(1)} s`);
  } catch (error) {
    failed += 1;
    console.error(`failed: ${what}\n`, error);
  }
}

for (const { file, property, input } of corpus()) {
  const one = chosen.find(({ name }) => name === property);
  if (one) await attempt(file, () => one.replay(input));
}
for (const { name, runs, fuzz } of chosen) {
  const times = Number(values.runs ?? runs * 20);
  await attempt(`${name}, ${times} inputs from seed ${seed}`, () => fuzz(times, seed));
}
if (chosen.length === 0) failed += 1;
console.log(`${passed} passed, ${failed} failed`);
process.exitCode = failed === 0 ? 0 : 1;
