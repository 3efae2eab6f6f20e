import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { startVitest } from 'vitest/node';
import { readResult, resultsOf } from '../harness/kept-results.ts';
import { ATTACKS } from '../surface/attacks.ts';
import { SURFACE } from '../surface/files.ts';
import { CONTROLS, type Control, NOT_CLAIMED } from './controls.ts';

// `npm run controls`: which control is proved by what, from the results that the other runs left. Fast tests that have not
// run as they are now are run; `--write` makes docs/controls.md, else a difference fails. Ends with `N passed, N failed`.

const DOCUMENT = join(import.meta.dirname, '..', '..', 'docs', 'controls.md');
const { write } = parseArgs({ options: { write: { type: 'boolean', default: false } } }).values;

interface Proof {
  readonly name: string;
  /** What its run came to; null where it has not run here. */
  readonly passed: boolean | null;
  /** Tests that this machine cannot run. What is left of them proves nothing here, and changes nothing in the document. */
  readonly skipped: number;
}

/** What is read of a replay's result (`test/incidents/result.ts`). */
interface Replay {
  readonly id: string;
  readonly status: string;
  readonly controls: readonly string[];
}

const files = new Set([...CONTROLS.flatMap(({ tests }) => tests), ...SURFACE.values()]);
const missing = [...files].filter((file) => !file.startsWith('test/full/') && resultsOf(file) === null);
if (missing.length > 0)
  await (await startVitest('test', missing, { project: ['fast'], run: true, watch: false })).close();

const incidents = (readResult('incidents.json') ?? []) as readonly Replay[];

let failed = 0;
let partly = 0;
const rows = CONTROLS.map((control) => {
  const proofs = proofsOf(control);
  for (const { name, passed } of proofs) {
    if (passed === true) continue;
    failed += 1;
    console.log(`${control.id}  ${name} ${passed === null ? 'has not run here' : 'failed'}`);
  }
  const proved =
    control.open === undefined && proofs.length > 0 && proofs.every(({ passed }) => passed === true);
  const skipped = proofs.filter((proof) => proof.skipped > 0);
  for (const one of skipped) console.log(`skipped: ${control.id} ${one.name}: ${one.skipped} of its tests`);
  if (proved && skipped.length > 0) partly += 1;
  const word = !proved ? 'open  ' : skipped.length > 0 ? 'partly' : 'proved';
  console.log(`${control.id}  ${word}  ${control.what}`);
  return { control, proofs, proved };
});
if (incidents.length === 0) {
  failed += 1;
  console.log('no incidents have run here: npm run incidents');
}

function proofsOf({ id, tests }: Control): Proof[] {
  const replays = incidents.filter(({ controls, status }) => controls.includes(id) && status !== 'open');
  return [
    ...replays.map((row) => ({ name: row.id, passed: row.status === 'caught', skipped: 0 })),
    ...ATTACKS.filter(({ controls }) => controls.includes(id)).map((one) => ({
      name: one.id,
      ...ranIn(SURFACE.get(one.id)),
    })),
    ...tests.map((file) => ({ name: `\`${file}\``, ...ranIn(file) })),
  ];
}

function ranIn(file: string | undefined): Pick<Proof, 'passed' | 'skipped'> {
  const results = file === undefined ? null : resultsOf(file);
  if (results === null) return { passed: null, skipped: 0 };
  const ran = results.tests.filter(({ state }) => state !== 'skipped');
  return {
    passed: ran.length > 0 && ran.every(({ state }) => state === 'passed'),
    skipped: results.tests.length - ran.length,
  };
}

const text = `# Controls

Made by \`npm run controls -- --write\` from the results of \`npm test\`, \`npm run attacks\` and \`npm run incidents\`; CI fails where it differs.
${rows.filter(({ proved }) => proved).length} of ${rows.length} controls are proved; the others are open, and say why. A is a row of [attacks.md](attacks.md), RP one of [incidents.md](incidents.md).

AISVS is OWASP's AI Security Verification Standard 1.0, AIX its AI Exchange, ASI and T its Agentic threats, LLM its Top 10 for LLM
applications, CS a Cheat Sheet, S2C2F OpenSSF's Secure Supply Chain Consumption Framework.

| | control | asked for by | | proved by |
|---|---|---|---|---|
${rows
  .map(({ control, proofs, proved }) => {
    const good = proofs.filter(({ passed }) => passed === true).map(({ name }) => name);
    const bad = proofs.filter(({ passed }) => passed !== true).map(({ name }) => name);
    const why = control.open ?? (bad.length > 0 ? `not passing: ${bad.join(', ')}` : 'no test');
    return `| ${control.id} | ${control.what} | ${control.sources} | ${proved ? 'proved' : `**open**: ${why}`} | ${good.join(', ')} |`;
  })
  .join('\n')}

## Not claimed

${NOT_CLAIMED.map(({ what, why }) => `- **${what}**: ${why}.`).join('\n')}
`;
if (write) writeFileSync(DOCUMENT, text);
else if (!existsSync(DOCUMENT) || readFileSync(DOCUMENT, 'utf8') !== text) {
  failed += 1;
  console.log('docs/controls.md says something else: npm run controls -- --write');
}
process.once('exit', () => {
  const whole = rows.filter(({ proved }) => proved).length - partly;
  console.log(`${whole} passed, ${failed} failed${partly > 0 ? `, ${partly} skipped` : ''}`);
});
process.exitCode = failed === 0 ? 0 : 1;
