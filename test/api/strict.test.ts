import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { wantsLines } from '../../src/api/entries.ts';
import { ENTRIES } from '../../src/api/parameters.ts';
import { decision } from '../ledger/fixtures/drafts.ts';
import { asking, openPlace, type Place } from './place.ts';

// What cannot be answered as it was asked is not answered at all: 400, which names what is wrong.

let place: Place;
let ask: ReturnType<typeof asking>['ask'];
beforeAll(async () => {
  place = await openPlace();
  await place.append(decision({ name: 'both' }), decision({ name: 'both', ecosystem: 'pypi', version: '4' }));
  ({ ask } = asking(place.ports));
});
afterAll(() => place?.close());

const HEX = 'ab'.repeat(32);

const WRONG: [target: string, names: string][] = [
  // unknown and repeated
  ['entries?colour=red', 'colour is no parameter'],
  ['entries?Agent=ana', 'Agent is no parameter'],
  ['entries?agent%00=ana', 'a parameter is no parameter'],
  ['entries?agent[]=ana', 'a parameter is no parameter'],
  ['entries?__proto__=1', '__proto__ is no parameter'],
  ['entries?constructor=1', 'constructor is no parameter'],
  ['entries?toString=1', 'toString is no parameter'],
  ['entries?versionsOf=1', 'versionsOf is no parameter'],
  ['entries?by=agent', 'by is no parameter'],
  ['entries?leaf=x', 'leaf is no parameter'],
  ['entries?&', 'a parameter is no parameter'],
  ['entries?=', 'a parameter is no parameter'],
  [`entries?${'x'.repeat(3000)}=1`, 'a parameter is no parameter'],
  ['entries?agent=ana&agent=ana', 'agent is given twice'],
  ['entries?limit=1&limit=1000', 'limit is given twice'],
  ['entries?a%67ent=ana&agent=bo', 'agent is given twice'],
  ['stats?by=agent&by=code', 'by is given twice'],
  // not one value, and no value
  ['entries?agent', 'agent '],
  ['entries?agent=', 'agent '],
  ['entries?package=', 'package '],
  ['entries?limit=', 'limit '],
  ['entries?cursor=', 'cursor '],
  ['stats', 'by '],
  ['stats?by=', 'by '],
  ['stats?by=leaf', 'by '],
  ['stats?by=agent;DROP TABLE entry', 'by '],
  // bytes
  ['entries?agent=%ff', 'a parameter is not UTF-8'],
  ['entries?agent=%c3%28', 'a parameter is not UTF-8'],
  ['entries?rule=a%00b', 'rule '],
  ['entries?rule=a%0ab', 'rule '],
  // injection
  ["entries?agent=x'+OR+1=1+--", 'agent '],
  ['entries?code=%25', 'code '],
  ["entries?type=decision'", 'type '],
  ['entries?verdict=allow,refuse', 'verdict '],
  ['entries?route=%2A', 'route '],
  // absurd numbers and times
  ['entries?limit=0', 'limit '],
  ['entries?limit=1001', 'limit '],
  ['entries?limit=-1', 'limit '],
  ['entries?limit=1e2', 'limit '],
  ['entries?limit=0x10', 'limit '],
  ['entries?limit=+5', 'limit '],
  ['entries?limit=5.0', 'limit '],
  ['entries?limit=٣', 'limit '],
  ['entries?limit=NaN', 'limit '],
  [`entries?limit=${'9'.repeat(400)}`, 'limit '],
  ['entries?after=-1', 'after '],
  ['entries?after=9007199254740993', 'after '],
  ['entries?after=5&before=5', 'before '],
  ['entries?after=5&before=6', 'before '],
  ['entries?since=0', 'since '],
  ['entries?since=2026-02-30', 'since '],
  ['entries?since=2026-01-31T08:00:00', 'since '],
  // A plus that nobody encoded is a blank.
  ['entries?since=2026-01-31T08:00:00+02:00', 'since '],
  ['entries?since=2026-01-02&until=2026-01-01', 'until is'],
  ['entries?since=2026-01-01&until=2026-01-01', 'until is'],
  // of packages
  ['entries?package=a%20b', 'package '],
  ['entries?package=x@latest', 'package '],
  ['entries?package=pkg:cargo/x', 'package '],
  ['entries?package=pkg:npm/x%3Fa=b', 'package '],
  ['entries?versions=1', 'versions stands'],
  ['entries?versions=1&package=x@1.0.0', 'versions stands'],
  ['entries?versions=newest&package=x', 'versions is no range'],
  ['entries?versions=%3E%3D1&package=both', 'package is in npm and pypi'],
  [`entries?versions=${'1||'.repeat(300)}1&package=x`, 'versions '],
  [`entries?package=${'x'.repeat(600)}`, 'package '],
  ['entries?digest=sha1:abc', 'digest '],
  [`entries?digest=${HEX}`, 'digest '],
  ['entries?policy=latest', 'policy '],
  ['entries?waiver=provenance', 'waiver provenance is in the entries as PROVENANCE_MISSING, '],
  ['entries?waiver=DENIED', 'waiver must be '],
  ['entries?order=newest', 'order '],
  ['entries?order=desc,asc', 'order '],
  // of one entry
  ['entries/-1', 'the entry is'],
  ['entries/1e3', 'the entry is'],
  ['entries/01', 'the entry is'],
  [`entries/${'9'.repeat(16)}`, 'the entry is'],
  [`entries/${HEX.toUpperCase()}`, 'the entry is'],
  ['entries/%31', 'the entry is'],
  ['entries/', 'the entry is'],
  ['entries//proof', 'the entry is'],
  ['entries/0?limit=1', 'limit is no parameter'],
  ['entries/0/proof?x=1', 'x is no parameter'],
  ['logs?limit=1', 'limit is no parameter'],
  ['openapi.json?x', 'x is no parameter'],
];

test.each(WRONG)('%s', async (target, names) => {
  const answer = await ask(target);
  expect(answer).toMatchObject({ kind: 'refusal', code: 'BAD_REQUEST' });
  expect(answer.line.startsWith(`sallyport: ${names}`), answer.line).toBe(true);
  expect(answer.line).toMatch(/^[\x20-\x7e]{1,300}$/);
});

test.each([
  '',
  'entry',
  'Entries',
  'entries/0/proof/1',
  'entries/0/raw',
  'stats/agent',
  'logs/1',
  'openapi.yaml',
  '..',
  'entries%2F0',
])('%j is no question', async (path) => {
  expect(await ask(path)).toMatchObject({ kind: 'refusal', code: 'NOT_FOUND' });
});

test.each([
  'entries/17',
  `entries/${HEX}`,
  'entries/999999999999999',
  'entries/17/proof',
  `entries/${HEX}/proof`,
])('%s: there is no such entry', async (path) => {
  expect(await ask(path)).toMatchObject({ kind: 'refusal', code: 'NOT_FOUND' });
});

test('whatever is asked, it is an answer or a refusal of the question, and never a fault', {
  timeout: 60_000,
}, async () => {
  const names = fc.oneof(fc.constantFrom(...Object.keys(ENTRIES.shape), 'by', '__proto__'), fc.string());
  const values = fc.oneof(
    fc.constantFrom(
      'both',
      'pkg:npm/both',
      '>=1',
      '*',
      '4',
      '2026-01-01',
      'allow',
      'asc',
      "' OR 1=1 --",
      '%',
      '\0',
      '1.0.0.0',
    ),
    fc.string({ unit: 'binary' }),
    fc.integer().map(String),
  );
  const queries = fc.oneof(
    fc.array(fc.tuple(names, values), { maxLength: 4 }).map((pairs) => new URLSearchParams(pairs).toString()),
    fc.stringMatching(/^[!-~]{0,60}$/),
  );
  const paths = fc.oneof(
    fc.constantFrom('entries', 'stats', 'entries/0', 'entries/0/proof', 'logs'),
    fc.stringMatching(/^[!-~]{0,30}$/),
  );
  const accepts = fc.constantFrom('', 'application/jsonl', '*/*');
  await fc.assert(
    fc.asyncProperty(paths, queries, accepts, async (path, query, accept) => {
      const answer = await ask(`${path.replaceAll('?', '')}?${query.replaceAll('?', '')}`, { accept });
      if (answer.kind === 'refusal') expect(['BAD_REQUEST', 'NOT_FOUND']).toContain(answer.code);
      expect(answer.line).toMatch(/^[\x20-\x7e]*$/);
    }),
    { numRuns: 1000 },
  );
});

describe('JSON lines', () => {
  test.each([
    ['application/jsonl', true],
    ['APPLICATION/JSONL', true],
    ['application/jsonl; charset=utf-8', true],
    ['text/html, application/jsonl;q=0.9, */*;q=0.1', true],
    ['application/json;q=0.5, application/jsonl', true],
    ['', false],
    ['*/*', false],
    ['application/*', false],
    ['application/json', false],
    ['application/jsonl;q=0', false],
    ['application/jsonl;q=0.5, application/json', false],
    ['application/jsonl;q=x', false],
    ['application/jsonlines', false],
  ])('for Accept: %s: %s', (accept, wanted) => {
    expect(wantsLines(accept)).toBe(wanted);
  });

  test('not where their end could not be told from a cut', async () => {
    const answer = await ask('entries', { accept: 'application/jsonl', framed: false });
    expect(answer).toMatchObject({ kind: 'refusal', code: 'BAD_REQUEST' });
  });

  test('for HEAD nothing is read', async () => {
    const read = { entries: 0 };
    const ledger = {
      ...place.ports.ledger,
      async *query() {
        read.entries += 1;
        yield* [];
      },
    };
    const answer = await asking({ ...place.ports, ledger }).ask('entries', {
      accept: 'application/jsonl',
      method: 'HEAD',
    });
    expect(answer).toMatchObject({ kind: 'stream', text: '' });
    expect(read.entries).toBe(0);
  });
});
