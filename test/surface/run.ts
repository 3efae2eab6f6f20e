import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { startVitest } from 'vitest/node';
import { type FileResults, resultsOf } from '../harness/kept-results.ts';
import { ATTACKS, type Attack, heading } from './attacks.ts';
import { SURFACE } from './files.ts';

// `npm run attacks`: A01 to A30 against a real server, and a table of what held. With `--write` it makes docs/attacks.md,
// without it fails where that file says something else. With `--kept` nothing is run again: what `npm test` just left is read. Ends with `N passed, N failed`, rows being counted.

const PROJECT = join(import.meta.dirname, '..', '..');
const DOCUMENT = join(PROJECT, 'docs', 'attacks.md');
// What is no option ends the run: an attack that was misspelled has not been tried.
const { values: options } = parseArgs({
  options: { write: { type: 'boolean', default: false }, kept: { type: 'boolean', default: false } },
});

if (!options.kept) {
  const vitest = await startVitest('test', ['test/surface/'], { project: ['fast'], run: true, watch: false });
  await vitest.close();
}

interface AttackRow {
  readonly attack: Attack;
  /** From the project's folder; null where there is none. */
  readonly file: string | null;
  readonly held: boolean;
  /** Names of its tests, without the row's heading. */
  readonly tests: readonly string[];
  /** What failed or did not run. */
  readonly wrong: readonly string[];
}

const rows = ATTACKS.map(rowOf);
for (const { attack, held, tests, wrong } of rows) {
  console.log(
    `${attack.id}  ${held ? 'held  ' : 'NOT   '}  ${String(tests.length).padStart(3)} tests  ${attack.threat}`,
  );
  for (const one of wrong) console.log(`     ${one}`);
}
let failed = rows.filter(({ held }) => !held).length;
const text = documentOf(rows);
if (options.write) writeFileSync(DOCUMENT, text);
else if (!existsSync(DOCUMENT) || text !== readFileSync(DOCUMENT, 'utf8')) {
  console.log('docs/attacks.md says something else: npm run attacks -- --write');
  failed += 1;
}
// vitest's own closing line counts tests and is printed at the exit, too; the last one counts rows.
process.once('exit', () => {
  console.log(`${rows.filter(({ held }) => held).length} passed, ${failed} failed`);
});
process.exitCode = failed === 0 ? 0 : 1;

function rowOf(attack: Attack): AttackRow {
  const file = SURFACE.get(attack.id);
  if (file === undefined) return { attack, file: null, held: false, tests: [], wrong: ['no test'] };
  const results = resultsOf(file);
  return { attack, file, ...judged(results, `${heading(attack.id)} > `) };
}

function judged(results: FileResults | null, head: string): Pick<AttackRow, 'held' | 'tests' | 'wrong'> {
  const all = results?.tests ?? [];
  const own = all.filter(({ name }) => name.startsWith(head));
  // What a machine cannot do (tracing) is said, and fails nothing by itself.
  for (const { name, state } of own) if (state === 'skipped') console.log(`skipped: ${name}`);
  const wrong = all
    .filter(({ state }) => state !== 'passed' && state !== 'skipped')
    .map(({ name, state }) => `${state}: ${name}`);
  if (!own.some(({ state }) => state === 'passed')) wrong.push('none of its tests ran');
  return {
    held: wrong.length === 0,
    tests: own.map(({ name }) => name.slice(head.length).replaceAll(' > ', ': ')),
    wrong,
  };
}

function documentOf(all: readonly AttackRow[]): string {
  const table = all.map(
    ({ attack, held }) =>
      `| ${attack.id} | ${attack.stride} | ${attack.threat} | ${cell(attack.seen)} | ${held ? attack.holds : '**does not hold**'} |`,
  );
  const sections = all.map(({ attack, file, tests }) =>
    [
      `### ${attack.id}: ${attack.threat}`,
      '',
      `\`npm test -- ${file}\` · ${attack.controls.join(', ')}`,
      ...(attack.open ? ['', `Not shown: ${attack.open}.`] : []),
      '',
      ...grouped(tests),
    ].join('\n'),
  );
  const open = all.filter(({ held }) => !held).length;
  return `# Attacks on the firewall itself

Made by \`npm run attacks -- --write\`; CI fails where it differs. Each row has tests of its own in \`test/surface\`: crafted requests,
indexes, archives, files and clocks against a real server, with no model in the loop, and a positive control where silence could
be mistaken for strength. STRIDE: spoofing, tampering, repudiation, information disclosure, denial of service, elevation of privilege.

${all.length - open} of ${all.length} hold${open > 0 ? `, ${open} do not` : ''}. Which control each proves is in [controls.md](controls.md); attacks by packages are in [incidents.md](incidents.md).

| | STRIDE | threat | known from | what holds |
|---|---|---|---|---|
${table.join('\n')}

## What was tried

${sections.join('\n\n')}
`;
}

/** Tests by their headings; what is written in them is shown as code where it could be read as markup. */
function grouped(tests: readonly string[]): string[] {
  return tests.map((name) => `- ${plain(name)}`);
}

function plain(name: string): string {
  const text = [...name]
    .map((char) =>
      /[\x20-\x7e’…×]/.test(char) ? char : `\\u${(char.codePointAt(0) ?? 0).toString(16).padStart(4, '0')}`,
    )
    .join('');
  return /[<>|*_`\\[\]]/.test(text) ? `\`\` ${text.replaceAll('`', "'")} \`\`` : text;
}

function cell(text: string): string {
  return text.replaceAll('|', '\\|');
}
