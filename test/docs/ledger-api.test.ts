import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { ANSWERS } from '../../src/api/answers.ts';
import { openApi } from '../../src/api/open-api.ts';
import { ENTRIES } from '../../src/api/parameters.ts';
import { TURN_LIMITS } from '../../src/api/turns.ts';
import { sha256 } from '../../src/model/digest.ts';
import { type Firewall, startFirewall } from '../harness/firewall.ts';
import { type FakeRegistry, startRegistry } from '../harness/registry.ts';
import { codesIn, readPage, tableOf } from './markdown.ts';

// docs/ledger.md, Query: its tables are those of the API, and its commands do what it says.

const TEXT = readFileSync(join(import.meta.dirname, '..', '..', 'docs', 'ledger.md'), 'utf8');
const SECTION = readPage('docs/ledger.md', /\n(## Query\n[\s\S]*?)\n## /.exec(TEXT)?.[1] ?? '');
const [SETUP = '', ...ASKED] = SECTION.blocks
  .filter(({ language }) => language === 'sh')
  .map(({ text }) => text);

test('every question and every parameter has its row', () => {
  const questions = tableOf(SECTION, 'below `/api/v1/ledger`').map(([cell]) => codesIn(cell ?? '')[0]);
  expect(questions).toEqual(Object.keys((openApi('0')['paths'] ?? {}) as object));
  const parameters = tableOf(SECTION, 'parameter').flatMap(([cell]) => codesIn(cell ?? ''));
  expect(parameters).toEqual(Object.keys(ENTRIES.shape).filter((name) => parameters.includes(name)));
  expect([...parameters].sort()).toEqual(Object.keys(ENTRIES.shape).sort());
});

test('the limits are those that hold', () => {
  expect(TURN_LIMITS).toMatchObject({ ofOne: 4, answer: 30_000, stream: 15 * 60_000 });
  expect(SECTION.text).toContain('Four questions of one auditor at once, 30 seconds for an answer');
  expect(SECTION.text).toContain('after 15 minutes');
});

const TOKENS = { agent: 'an-agent', auditor: 'an-auditor' };
let folder: string;
let registry: FakeRegistry;
let firewall: Firewall;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'ledger-api-'));
  writeFileSync(join(folder, 'audit.token'), `${TOKENS.auditor}\n`);
  registry = await startRegistry();
  registry.addNpm('widget', { '1.0.0': {}, '1.5.0': {}, '2.0.0': {} });
  firewall = await startFirewall({
    policy: { 'team.yaml': 'profile: default\nrequirements:\n  npm: { age: 0 }\nallow:\n  - npm: widget\n' },
    upstream: { npm: registry.npmBase },
    auth: `tokens:
  - { hash: "${sha256(TOKENS.agent)}", agent: build-7 }
  - { hash: "${sha256(TOKENS.auditor)}", agent: audit, role: auditor }
`,
  });
  for (const path of [
    'widget',
    'widget/-/widget-1.0.0.tgz',
    'widget/-/widget-1.5.0.tgz',
    'widget/-/widget-2.0.0.tgz',
  ]) {
    const answer = await fetch(`${firewall.url}/npm/${path}`, {
      headers: { authorization: `Bearer ${TOKENS.agent}` },
    });
    expect([path, answer.status, (await answer.arrayBuffer()).byteLength > 0]).toEqual([path, 200, true]);
  }
}, 60_000);
afterAll(async () => {
  await firewall?.remove();
  await registry?.close();
  rmSync(folder, { recursive: true, force: true });
});

/** Runs a block behind the one that sets it up; resolves with what it prints, a line each. */
async function run(block: string): Promise<string[]> {
  const script = `set -euo pipefail\n${SETUP}\n${block}`.replaceAll('http://127.0.0.1:4880', firewall.url);
  const { stdout } = await promisify(execFile)('bash', ['-c', script], { cwd: folder });
  return stdout.split('\n').filter((line) => line !== '');
}

test('the commands do what is said', { timeout: 60_000 }, async () => {
  const [who = '', files = ''] = ASKED;
  expect(ASKED.length).toBe(2);
  const lines = await run(who);
  const page = ANSWERS.Page.parse(JSON.parse(lines[0] ?? ''));
  expect(page.entries.map(({ entry }) => entry?.['version'])).toEqual(['1.5.0', '1.0.0']);
  expect(ANSWERS.Counts.parse(JSON.parse(lines[1] ?? '')).groups).toMatchObject([
    { key: 'build-7', entries: 2 },
  ]);

  await vi.waitFor(() => run(files), { timeout: 20_000, interval: 250 });
  const all = readFileSync(join(folder, 'build-7.jsonl'), 'utf8').trimEnd().split('\n');
  const agents = all.map((line) => ANSWERS.Entry.parse(JSON.parse(line)).entry?.['agent']);
  expect(new Set(agents)).toEqual(new Set(['build-7']));
  expect(readFileSync(join(folder, 'entry-1.proof'), 'utf8')).toMatch(/^c2sp\.org\/tlog-proof@v1\n/);
});

test('a question that is refused fails the command, with its line', async () => {
  const failed = run('ask "$api/entries" -d colour=red');
  await expect(failed).rejects.toMatchObject({
    code: 22,
    stdout: expect.stringContaining('colour is no parameter'),
  });
});
