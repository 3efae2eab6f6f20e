import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { alarmEntry } from '../../src/ledger/entry.ts';
import type { Receipt } from '../../src/ledger/ledger.ts';
import { openLedger } from '../../src/ledger/open.ts';
import { linesOf, sallyport } from '../harness/sallyport.ts';
import { decision } from '../ledger/fixtures/drafts.ts';

// `ledger list`, `stats` and `show` on a real ledger: what they find is what the query API finds, by the same code.

let dir: string;
const receipts: Receipt[] = [];
beforeAll(async () => {
  dir = mkdtempSync(join(tmpdir(), 'ledger-query-'));
  const ledger = await openLedger({ dir });
  for (const draft of [
    decision({ name: 'widget', version: '1.0.0' }),
    decision({ name: 'widget', version: '1.2.0', agent: 'bo' }),
    decision({ name: 'widget', version: '2.0.0' }),
    decision({ name: 'both', version: '1.0.0' }),
    decision({ name: 'both', version: '1.0', ecosystem: 'pypi' }),
    alarmEntry({ id: 'a', time: 5, code: 'malware', place: '\u001b[31m' }),
  ])
    receipts.push(await ledger.append(draft));
  await ledger.close();
});
afterAll(() => rmSync(dir, { recursive: true, force: true }));

const run = (...args: string[]) => sallyport({ SALLYPORT_DATA: dir }, 'ledger', ...args);

test.each([
  [['--package', 'widget', '--versions', '>=1.1 <2'], [1]],
  [['--package', 'widget', '--versions', '>=9'], []],
  [['--package', 'pkg:pypi/Both', '--versions', '<2'], [4]],
  [['--agent', 'bo'], [1]],
  [['--code', 'malware'], [5]],
  [
    ['--reverse', '--limit', '2'],
    [5, 4],
  ],
])('list %j', async (args, found) => {
  const ran = await run('list', '--json', ...args);
  expect([ran.code, linesOf(ran).map(({ seq }) => seq)]).toEqual([0, found]);
});

test.each([
  [['--package', 'both', '--versions', '>=1'], '--package is in npm and pypi'],
  [['--package', 'widget', '--versions', '>=1.0,<2'], '--versions is no range of npm'],
  [['--versions', '>=1'], '--versions stands with a package'],
  [['--since', 'yesterday'], '--since must be'],
  [['--limit', '0'], '--limit must be'],
])('%j is an error, and nothing is listed', async (args, words) => {
  for (const command of [['list'], ['stats', '--by', 'agent']]) {
    const { code, stdout, stderr } = await run(...command, ...args);
    expect([code, stdout]).toEqual([2, '']);
    expect(stderr).toContain(words);
  }
});

test('a flag that cannot be read is said before the ledger is opened', async () => {
  const { code, stderr } = await sallyport(
    { SALLYPORT_DATA: join(dir, 'nothing') },
    'ledger',
    'list',
    '--type',
    'x',
  );
  expect([code, stderr]).toEqual([2, expect.stringContaining('--type must be one of decision')]);
});

test('counts: a table for people, lines for programs, and that there are more', async () => {
  const all = await run('stats', '--by', 'agent', '--type', 'decision');
  expect(all).toEqual({
    code: 0,
    stdout: 'entries  first  last  agent\n      4      0     4  ana\n      1      1     1  bo\n',
    stderr: '',
  });
  const first = await run('stats', '--by', 'agent', '--type', 'decision', '--json', '--limit', '1');
  expect(linesOf(first)).toEqual([{ key: 'ana', entries: 4, first: 0, last: 4 }]);
  expect(first.stderr).toContain('there are more than these 1');
  const wrong = await run('stats', '--by', 'colour');
  expect([wrong.code, wrong.stderr]).toEqual([2, expect.stringContaining('--by is one of agent')]);
});

test('one entry, by its number and by its leaf hash', async () => {
  for (const name of ['1', receipts[1]?.leaf ?? '', receipts[1]?.leaf.toUpperCase() ?? '']) {
    const ran = await run('show', name, '--json');
    expect(linesOf(ran)).toMatchObject([{ ...receipts[1], entry: { agent: 'bo' } }]);
  }
  for (const name of ['6', '0'.repeat(64)]) {
    const { code, stdout } = await run('show', name);
    expect([code, stdout]).toEqual([1, '']);
  }
  for (const name of ['one', '-1', '01', '1e0', receipts[1]?.leaf.slice(1) ?? '']) {
    const { code, stdout } = await run('show', '--', name);
    expect([code, stdout]).toEqual([2, '']);
  }
});

test('no byte of an entry moves a terminal', async () => {
  for (const args of [['list'], ['show', '5'], ['stats', '--by', 'code']])
    expect((await run(...args)).stdout).toMatch(/^[\x20-\x7e\n]+$/);
});
