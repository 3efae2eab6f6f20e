/**
 * Lets every site of the admission path fail, one at a time, in a house of its own, and holds what came of it against
 * what may: node --import ./test/faults/hook.ts test/faults/run.ts short|long|hang. The last line is a Report, as JSON.
 */
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { digestsOf } from '../admission/evidence-house.ts';
import { ERRORS } from './errors.ts';
import { arm, hasFired, type Mode, passed, SYNCHRONOUS } from './inject.ts';
import { judge, wrongEntries } from './judge.ts';
import { HELD_UP, MAY_LEAVE, NEVER_PASSED, ONLY_AFTER, reasonToServe } from './known.ts';
import { type Came, openPlace } from './place.ts';
import { type Case, SCENARIOS, type Scenario } from './scenarios.ts';
import { allSites } from './sites.ts';

export interface Report {
  /** Sites that failed at least once, of all that there are: those of the source, and calls of ports. */
  readonly sites: number;
  readonly cases: number;
  readonly problems: readonly string[];
  readonly seconds: number;
}

/** What the gate waits for, ms: where something is to hang, where it had no time to come that far, and elsewhere. */
const DEADLINES = { short: 300, long: 4_000, none: 60_000 };
let deadline = DEADLINES.none;
/** What the clock is set forward by after a case: faults of an upstream are remembered for seconds. */
const FORGOTTEN = 6_000;

/** One fault at one site, in one scenario. */
interface Trial {
  readonly site: string;
  readonly scenario: Scenario;
  readonly mode: Mode;
  readonly nth: number;
  readonly error: keyof typeof ERRORS;
}

const problems: string[] = [];
const began = performance.now();
const extent = process.argv[2] ?? 'short';
let doing = 'the start';
process.on('unhandledRejection', (error) => problems.push(`${doing}: nobody handles ${error}`));
process.on('uncaughtException', (error) => problems.push(`${doing}: nobody catches ${error.stack}`));

const place = await openPlace(extent === 'hang' ? () => deadline : undefined);
const named = new Map(
  allSites().map((site) => [site.id, `${site.id.split('#')[0]}:${site.line} ${site.text}`]),
);
/** What may have been admitted: file name → sha256 of its bytes; an empty list for what never may. */
const admissible = new Map<string, string[]>();
let number = 0;
let left0 = 0;
const named200: [doing: string, leaf: string | undefined][] = [];

const passages = await healthy();
const trials = planned(passages);
for (const trial of trials) await attempt(trial);
await afterwards();

const report: Report = {
  sites: new Set(trials.map(({ site }) => site)).size,
  cases: trials.length,
  problems,
  seconds: (performance.now() - began) / 1000,
};
process.stdout.write(`${JSON.stringify(report)}\n`, () => process.exit(0));

async function staged(scenario: Scenario): Promise<Case> {
  number += 1;
  arm(null);
  const one = await scenario.stage(place, number);
  for (const { file, bytes } of one.beside ?? []) admissible.set(file, [digestsOf(bytes).sha256]);
  if (one.artifact) {
    const may = scenario.good || one.admits ? [one.artifact.bytes] : [];
    const before = one.before ?? [];
    admissible.set(
      one.artifact.file,
      [...may, ...before].map((bytes) => digestsOf(bytes).sha256),
    );
  }
  return one;
}

/** Every scenario once, with no fault: which sites it passes, and how often. */
async function healthy(): Promise<Map<string, { scenario: Scenario; times: number }[]>> {
  const found = new Map<string, { scenario: Scenario; times: number }[]>();
  for (const scenario of SCENARIOS) {
    doing = scenario.name;
    const one = await staged(scenario);
    arm(null, one.script);
    const came = await place.ask(one.asking);
    // What nobody waits for is passed, too.
    await sleep(20);
    for (const [site, times] of passed()) {
      found.set(site, [...(found.get(site) ?? []), { scenario, times }]);
    }
    const wrong = judge(scenario, one, came, null);
    if (wrong !== null) problems.push(`${scenario.name}, without a fault: ${wrong}`);
  }
  for (const [id, name] of named) {
    if (found.has(id) || NEVER_PASSED.some(([text]) => name.includes(text))) continue;
    problems.push(`${name}: no scenario of test/faults/scenarios.ts passes it`);
  }
  return found;
}

function planned(sites: Awaited<ReturnType<typeof healthy>>): Trial[] {
  const kinds = Object.keys(ERRORS) as (keyof typeof ERRORS)[];
  const all: Trial[] = [];
  let turn = 0;
  for (const [site, by] of sites) {
    const ways = {
      good: by.filter(({ scenario }) => scenario.good),
      bad: by.filter(({ scenario }) => !scenario.good),
    };
    const pick = (of: typeof by, mode: Mode, error: keyof typeof ERRORS = 'plain') => {
      const one = of[turn % Math.max(1, of.length)];
      turn += 1;
      const late = ONLY_AFTER.some((text) => named.get(site)?.includes(text));
      const how = late && mode === 'throw' ? 'reject' : mode;
      if (one) all.push({ site, scenario: one.scenario, mode: how, nth: 1 + (turn % one.times), error });
    };
    if (extent === 'hang') {
      if (SYNCHRONOUS.has(site.slice('port:'.length))) continue;
      // What hangs is never answered: each costs the whole deadline.
      pick(ways.good.length > 0 ? ways.good : ways.bad, 'hang');
      continue;
    }
    const { good, bad } = ways;
    // In the short run calls of ports fail in one way each: the await behind each is a site, too.
    const port = extent === 'short' && site.startsWith('port:');
    if (!port || turn % 2 === 0) pick(good.length > 0 ? good : bad, 'throw');
    if (!port || turn % 2 === 1) pick(bad.length > 0 ? bad : good, 'reject');
    if (extent === 'short') continue;
    pick(bad, 'throw');
    pick(good, 'reject');
    // Each kind at every few sites, and each site with two kinds.
    for (const some of [good, bad]) pick(some, 'throw', kinds[turn % kinds.length]);
  }
  return all;
}

async function attempt(trial: Trial, patience = DEADLINES.short): Promise<void> {
  const { site, scenario, mode, nth, error } = trial;
  const name = named.get(site) ?? site;
  doing = `${name} (${mode}, passage ${nth}, ${error}) in "${scenario.name}"`;
  const one = await staged(scenario);
  // What hangs, hangs for all who come by: a request that was given up still is on its way.
  arm({ site, mode, nth, always: mode === 'hang', error: ERRORS[error] }, one.script);
  if (mode === 'hang') deadline = patience;
  const asked = performance.now();
  const came = await place.ask(one.asking);
  const took = performance.now() - asked;
  deadline = DEADLINES.none;
  if (mode === 'hang' && took > DEADLINES.long * 5) problems.push(`${doing}: it took ${Math.round(took)} ms`);
  if (!hasFired()) await sleep(10);
  // The machine was too busy for the request to come so far.
  if (!hasFired() && mode === 'hang' && patience < DEADLINES.long) return attempt(trial, DEADLINES.long);
  // How often a site is passed may depend on what is under way beside it; the first passage always happens.
  const heldUp = mode === 'hang' && HELD_UP.has(scenario.name) && came.status >= 500;
  if (!hasFired() && nth === 1 && !heldUp) problems.push(`${doing}: the fault did not happen`);
  noteServed(one, came);
  const wrong = judge(
    scenario,
    one,
    came,
    hasFired() ? reasonToServe(name, scenario.name, nth, error) : 'nothing failed',
  );
  if (wrong !== null) problems.push(`${doing}: ${wrong}`);
  const left = await quarantined();
  if (mode !== 'hang' && left.length > left0 && !MAY_LEAVE.some((text) => name.includes(text)))
    problems.push(`${doing}: it leaves ${left.length - left0} files in quarantine`);
  left0 = left.length;
  if (mode === 'hang' || (mode === 'reject' && extent === 'short')) return;
  arm(null, one.script);
  place.house.clock.advance(FORGOTTEN);
  const again = judge(scenario, one, await place.ask(one.asking), null);
  if (again !== null) problems.push(`${doing}: afterwards, ${again}`);
}

/** What was served names an entry, which is held against the ledger at the end. */
function noteServed({ artifact }: Case, { status, headers }: Came): void {
  if (artifact && status < 300 && status > 0) named200.push([doing, headers['x-sallyport-entry']]);
}

/** What the whole run leaves behind. */
async function afterwards(): Promise<void> {
  doing = 'the end';
  arm(null);
  await sleep(100);
  const { house, ask } = place;
  const entries = await house.entries({ verdict: 'allow' });
  problems.push(...wrongEntries(entries, admissible));
  const leaves = new Set(entries.map(({ leaf }) => leaf));
  for (const [what, leaf] of named200) {
    if (leaf === undefined || !leaves.has(leaf)) problems.push(`${what}: it is served without an entry`);
  }
  if (extent === 'hang') return;
  const metrics = (await ask({ path: '/metrics' })).body.toString();
  const inFlight = /^sallyport_requests_in_flight ([0-9]+)$/m.exec(metrics)?.[1];
  if (inFlight !== '1') problems.push(`${inFlight} requests are in flight, where only one is`);
}

function quarantined(): Promise<readonly string[]> {
  return readdir(join(place.house.root, 'data', 'vault', 'quarantine'));
}
