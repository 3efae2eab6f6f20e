import { spawn } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { sha256 } from '../../../src/model/digest.ts';
import { type Firewall, startFirewall } from '../../harness/firewall.ts';
import { installSchemathesis } from './schemathesis.ts';

// Requests that schemathesis makes up from our OpenAPI document, right and wrong ones, against a real server.

const TOKEN = 'an-auditor';
const AUDITOR = { headers: { authorization: `Bearer ${TOKEN}` } };
const POLICY = { 'team.yaml': 'profile: default\nallow:\n  - npm: nothing-of-this\n' };

let folder: string;
let firewall: Firewall;
let api: string;
let command: string | null = null;
beforeAll(async () => {
  const installed = await installSchemathesis();
  if ('missing' in installed) {
    console.warn(`schemathesis cannot be had here, and nothing is tested with it: ${installed.missing}`);
    return;
  }
  ({ command } = installed);
  folder = await mkdtemp(join(tmpdir(), 'schemathesis-'));
  const auth = `tokens:\n  - { hash: "${sha256(TOKEN)}", agent: ana, role: auditor }\n`;
  firewall = await startFirewall({ policy: POLICY, auth });
  api = `${firewall.url}/api/v1/ledger`;
  for (let i = 0; i < 300; i++) expect((await fetch(`${firewall.url}/npm/widget-${i}`)).status).toBe(403);
  // Proofs of all that is there are to be had: then there is no 503 either.
  await vi.waitFor(async () => expect((await fetch(`${api}/entries/299/proof`, AUDITOR)).status).toBe(200), {
    timeout: 20_000,
    interval: 250,
  });
});
afterAll(async () => {
  await firewall?.remove();
  if (folder) await rm(folder, { recursive: true, force: true });
});

/** Runs it against a document, our own where no other is given. */
async function run(...args: string[]): Promise<{ code: number | null; output: string }> {
  const child = spawn(command ?? '', ['run', '--url', api, '--no-color', ...args], {
    cwd: folder,
    env: { ...process.env, HYPOTHESIS_STORAGE_DIRECTORY: folder },
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => (output += chunk));
  const code = await new Promise<number | null>((resolve) => child.once('close', resolve));
  return { code, output };
}

/** Of every check but one: which of our parameters stand together a document cannot say, and a cursor is not made up. */
const CHECKS = ['--checks', 'all', '--exclude-checks', 'positive_data_acceptance'];

test('no request brings out a fault, or an answer that the document does not say', {
  timeout: 240_000,
}, async (context) => {
  if (command === null) return context.skip('no schemathesis: pip could not install it');
  const before = firewall.log.length;
  const { code, output } = await run(
    '--header',
    `Authorization: Bearer ${TOKEN}`,
    ...CHECKS,
    '--phases',
    'coverage,fuzzing',
    '--max-examples',
    '40',
    '--seed',
    '1',
    `${api}/openapi.json`,
  );
  expect(code, output).toBe(0);
  expect(output).toMatch(/No issues found/);
  // It was not turned away at the door, and no fault was passed over.
  const lines = firewall.log
    .slice(before)
    .split('\n')
    .filter((line) => line.includes('"kind":"ledger"'));
  const statuses = lines.map((line) => (JSON.parse(line) as { status: number }).status);
  const count = (from: number) => statuses.filter((status) => status >= from && status < from + 100).length;
  expect(count(200)).toBeGreaterThan(100);
  expect(count(400)).toBeGreaterThan(100);
  expect(count(500)).toBe(0);
});

test('an answer that the document does not say is noticed', { timeout: 120_000 }, async (context) => {
  if (command === null) return context.skip('no schemathesis: pip could not install it');
  const document = await (await fetch(`${api}/openapi.json`, AUDITOR)).text();
  const other = join(folder, 'other.json');
  await writeFile(other, document.replace('"required":["logs"]', '"required":["logs","more"]'));
  const { code, output } = await run(
    '--header',
    `Authorization: Bearer ${TOKEN}`,
    ...CHECKS,
    '--include-path',
    '/logs',
    '--phases',
    'coverage',
    other,
  );
  expect(code, output).toBe(1);
  expect(output).toMatch(/"more" is a required property/);
});
