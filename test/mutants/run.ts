import { parseArgs } from 'node:util';
import { mintSigstore } from '../incidents/base.ts';
import { probeAll } from '../incidents/probe-all.ts';
import { rows as incidents } from '../incidents/rows.ts';
import { further } from './further-of-archives.ts';
import { type Mutant, problemOf } from './mutant.ts';
import { MUTANTS } from './mutants.ts';
import { documentIs, noticedBefore, type Outcome, writeDocument } from './report.ts';

/*
 * `npm run mutants`: leaves out each check of the admission path in turn. A check that no replay notices fails, and so does one
 * that is not there to be left out. The replays are those of test/incidents and those of further.ts. `--write` asks every replay
 * of every mutant, and makes docs/mutants.md; without it those are asked that this document names, each of which must
 * notice, and all where it names none. `--only malware,page-` asks those with one of these in their id. Ends with
 * `N passed, N failed`, checks being counted.
 */

const { values } = parseArgs({
  options: {
    only: { type: 'string', default: '' },
    abreast: { type: 'string', default: '2' },
    write: { type: 'boolean', default: false },
  },
});
const wanted = values.only.split(',');
const chosen = MUTANTS.filter(({ id }) => wanted.some((part) => id.includes(part)));
if (chosen.length === 0) {
  console.error(`no mutant ${values.only}`);
  process.exit(2);
}
const sigstore = await mintSigstore();
const rows = [...incidents, ...further];
const started = performance.now();

// What is not caught though nothing is left out, notices nothing.
const bare = await probeAll({ rows, sigstore });
let failed = 0;
for (const { id, ok, error } of bare) {
  if (ok) continue;
  failed += 1;
  console.log(`${id} does not stand though nothing is left out: ${error}`);
}
const awake = rows.filter(({ id }) => bare.some((one) => one.id === id && one.ok));

const outcomes = new Map<string, Outcome>();
const queue = [...chosen];
const worker = async (): Promise<void> => {
  for (let mutant = queue.shift(); mutant; mutant = queue.shift()) {
    const outcome = await tried(mutant);
    outcomes.set(mutant.id, outcome);
    const { noticed, wrong } = outcome;
    console.log(`${wrong === null ? 'noticed' : 'NOT    '}  ${mutant.id}: ${wrong ?? noticed.join(' ')}`);
  }
};
await Promise.all(Array.from({ length: Number(values.abreast) }, worker));

const wrong = [...outcomes.values()].filter((outcome) => outcome.wrong !== null).length;
failed += wrong;
if (values.write) writeDocument(outcomes);
else if (values.only === '' && !documentIs(outcomes)) {
  failed += 1;
  console.log('docs/mutants.md says something else: npm run mutants -- --write');
}
const cpu = process.resourceUsage();
console.log(
  `${awake.length} replays, ${Math.round((performance.now() - started) / 1000)} s, of this process ${Math.round((cpu.userCPUTime + cpu.systemCPUTime) / 1e6)} s of CPU`,
);
console.log(`${outcomes.size - wrong} passed, ${failed} failed`);
process.exitCode = failed > 0 ? 1 : 0;

async function tried(mutant: Mutant): Promise<Outcome> {
  const problem = await problemOf(mutant);
  if (problem !== null) return { noticed: [], wrong: problem };
  const hook = new URL('./hook.ts', import.meta.url);
  const env = { NODE_OPTIONS: `--import=${hook.href}`, MUTANT: mutant.id };
  const before = values.write ? [] : noticedBefore(mutant.id);
  const asked = before.length === 0 ? awake : awake.filter(({ id }) => before.includes(id));
  try {
    const probed = await probeAll({ rows: asked, sigstore, env });
    const noticed = probed.filter(({ error }) => error !== null && isNotice(error)).map(({ id }) => id);
    const asleep = before.filter((id) => !noticed.includes(id));
    if (asleep.length > 0) return { noticed, wrong: `${asleep.join(' ')} no longer notices` };
    if (noticed.length > 0) return { noticed, wrong: null };
    const [other] = probed.filter(({ ok }) => !ok);
    return { noticed, wrong: other ? `nothing but a fault: ${other.id}: ${other.error}` : 'nothing notices' };
  } catch (error) {
    // A firewall that does not start without the check is none that could be weakened so.
    const words = error instanceof Error ? error.message : String(error);
    return { noticed: [], wrong: `does not start: ${words.slice(0, 300)}` };
  }
}

/**
 * Whether a replay fails because something got through or was judged otherwise. One that fails because what is sound is no
 * longer served, or because no answer came, tells of a broken mutant.
 */
function isNotice(error: string): boolean {
  return !/is to be served|fetch failed|aborted|timeout|ECONN|socket hang up|INTERNAL|answered with 5\d\d/i.test(
    error,
  );
}
