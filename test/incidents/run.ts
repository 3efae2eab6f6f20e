import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { parseArgs } from 'node:util';
import { installClients } from '../harness/clients/install.ts';
import { reasonForNoJail } from '../harness/jail.ts';
import { writeResult } from '../harness/kept-results.ts';
import { mintSigstore, startBase } from './base.ts';
import { clientNames } from './client-names.ts';
import { openGate } from './open-gate.ts';
import { probeAll } from './probe-all.ts';
import { replay } from './replay.ts';
import { document } from './report/document.ts';
import { junit } from './report/junit.ts';
import { sarif } from './report/sarif.ts';
import { terminalLine } from './report/terminal.ts';
import { isFailure, type Result } from './result.ts';
import { type FiledRow, rows } from './rows.ts';

// `npm run incidents`: every replay bare and behind one firewall, then every probe; a table, reports for CI, and
// docs/incidents.md, which is written or compared.

const PROJECT = join(import.meta.dirname, '..', '..');
const DOCUMENT = join(PROJECT, 'docs', 'incidents.md');
const ABREAST = 2;

const { values: options } = parseArgs({
  options: {
    only: { type: 'string', multiple: true },
    junit: { type: 'string' },
    sarif: { type: 'string' },
    json: { type: 'string' },
    write: { type: 'boolean', default: false },
  },
});

process.exitCode = await main();

async function main(): Promise<number> {
  const noJail = reasonForNoJail();
  if (noJail !== null) return closed(0, [`the replays need a network namespace each: ${noJail}`]);
  const { only } = options;
  const wanted = only ? rows.filter(({ id }) => only.includes(id)) : rows;
  const unknown = only?.filter((id) => !rows.some((row) => row.id === id)) ?? [];
  if (unknown.length > 0) return closed(0, [`no replay is named ${unknown.join(' or ')}`]);

  const results = await replayAll(wanted);
  const failures = results.filter(isFailure).map(({ id, status, title }) => `${id} ${status}: ${title}`);
  const open = results.filter(({ status }) => status === 'open');
  const { version } = JSON.parse(await readFile(join(PROJECT, 'package.json'), 'utf8')) as {
    version: string;
  };
  await report(options.json, JSON.stringify(results, null, 2));
  await report(options.junit, junit(results));
  await report(options.sarif, JSON.stringify(sarif(results, version), null, 2));
  if (open.length > 0) console.log(`open, and no test can pass: ${open.map(({ id }) => id).join(' ')}`);
  if (!only) {
    writeResult('incidents.json', results);
    failures.push(...(await documented(results)));
  }
  return closed(results.length - open.length - results.filter(isFailure).length, failures);
}

/** Two at a time, in the order of their numbers; a probe that does not hold makes its row a missed one. */
async function replayAll(wanted: readonly FiledRow[]): Promise<Result[]> {
  const clients = await installClients();
  const sigstore = await mintSigstore();
  const bases = [await startBase(sigstore), await startBase(sigstore)] as const;
  const [bare, behind] = bases;
  const open = await openGate(wanted, behind);
  try {
    const place = { bare, behind, open, clients, clientNames: await clientNames(clients) };
    const probes = probeAll({ rows: wanted, sigstore });
    const left = [...wanted];
    const results: Result[] = [];
    const work = async () => {
      for (let row = left.shift(); row; row = left.shift()) {
        const result = await replay(row, place);
        console.log(terminalLine(result));
        results.push(result);
      }
    };
    await Promise.all(Array.from({ length: ABREAST }, work));
    for (const { id, error } of await probes) {
      const at = results.findIndex((result) => result.id === id);
      const result = results[at];
      if (error === null || !result) continue;
      results[at] = { ...result, status: 'missed', errors: [...result.errors, `by plain HTTP: ${error}`] };
      console.log(terminalLine(results[at]));
    }
    return results.sort((a, b) => (a.id < b.id ? -1 : 1));
  } finally {
    await open.close();
    for (const base of bases) await base.close();
  }
}

/** Writes a report where one is asked for, and the folders above it. */
async function report(path: string | undefined, text: string): Promise<void> {
  if (path === undefined) return;
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, `${text.trimEnd()}\n`);
}

/** Writes the document, or names what is wrong with it. */
async function documented(results: readonly Result[]): Promise<string[]> {
  const text = document(results);
  if (options.write) {
    await writeFile(DOCUMENT, text);
    return [];
  }
  if ((await readFile(DOCUMENT, 'utf8').catch(() => null)) === text) return [];
  return ['docs/incidents.md says something else: npm run incidents -- --write'];
}

function closed(passed: number, failures: readonly string[]): number {
  for (const failure of failures) console.log(`failed: ${failure}`);
  console.log(`${passed} passed, ${failures.length} failed`);
  return failures.length > 0 ? 1 : 0;
}
