import { parseArgs } from 'node:util';
import { writeResult } from '../harness/kept-results.ts';
import { mintSigstore } from '../incidents/base.ts';
import { type Probed, probeAll } from '../incidents/probe-all.ts';
import { rows as incidents } from '../incidents/rows.ts';
import { further } from './further.ts';
import { type Mutant, problemOf } from './mutant.ts';
import { MUTANTS } from './mutants.ts';

/*
 * Leaves out each check of the admission path in turn, and lists the replays that notice: those of test/incidents, and
 * those of archives and requests that no incident stands for. Fails where nothing notices, or where there is no such check.
 */

const { values } = parseArgs({
  options: { only: { type: 'string', default: '' }, abreast: { type: 'string', default: '2' } },
});
const sigstore = await mintSigstore();
const rows = [...incidents, ...further];
const started = performance.now();

// What is not caught though nothing is left out, notices nothing.
const bare = await probeAll({ rows, sigstore });
const awake = rows.filter(({ id }) => bare.some((one) => one.id === id && one.ok));
for (const { id, ok, error } of bare) if (!ok) console.log(`${id} does not stand without a mutant: ${error}`);

interface Outcome {
  readonly mutant: Mutant;
  /** Ids of the rows that fail, in their order. */
  readonly noticed: readonly string[];
  readonly problem: string | null;
}

const outcomes: Outcome[] = [];
const chosen = MUTANTS.filter(({ id }) => id.includes(values.only));
const queue = [...chosen];
const worker = async (): Promise<void> => {
  for (let mutant = queue.shift(); mutant; mutant = queue.shift()) {
    const outcome = await tried(mutant);
    outcomes.push(outcome);
    const { noticed, problem } = outcome;
    console.log(`${mutant.id}: ${problem ?? (noticed.join(' ') || 'NOTHING NOTICES')}`);
  }
};
await Promise.all(Array.from({ length: Number(values.abreast) }, worker));

writeResult(
  'mutants.json',
  chosen.map(({ id, check }) => ({
    id,
    check,
    noticed: outcomes.find(({ mutant }) => mutant.id === id)?.noticed ?? [],
  })),
);
const failed = outcomes.filter(({ noticed }) => noticed.length === 0).length;
const asleep = rows.length - awake.length;
console.log(`${awake.length} replays, ${Math.round((performance.now() - started) / 1000)} s`);
console.log(`${outcomes.length - failed} passed, ${failed + asleep} failed`);
process.exitCode = failed + asleep > 0 ? 1 : 0;

async function tried(mutant: Mutant): Promise<Outcome> {
  const problem = await problemOf(mutant);
  if (problem !== null) return { mutant, noticed: [], problem };
  const hook = new URL('./hook.ts', import.meta.url);
  const env = { NODE_OPTIONS: `--import=${hook.href}`, MUTANT: mutant.id };
  try {
    const probed: Probed[] = await probeAll({ rows: awake, sigstore, env });
    return { mutant, noticed: probed.filter(({ ok }) => !ok).map(({ id }) => id), problem: null };
  } catch (error) {
    // A firewall that does not start without the check is none that could be weakened so.
    const words = error instanceof Error ? error.message : String(error);
    return { mutant, noticed: [], problem: `does not start: ${words.slice(0, 300)}` };
  }
}
