import { expect, test } from 'vitest';
import { CSV_COLUMNS, csvHeader, csvRecord } from '../../src/exports/csv.ts';
import { decision, sha256, sha512 } from '../ledger/fixtures/drafts.ts';
import { logged } from './logged.ts';

/** A reader of RFC 4180 of our own, as strict as its grammar. */
function cellsOf(record: string): string[] {
  const cells: string[] = [];
  let rest = record;
  for (;;) {
    const [whole = '', quoted, plain = ''] = /^(?:"((?:[^"]|"")*)"|([^",\r\n]*))(?:,|$)/.exec(rest) ?? [];
    if (whole === '' && rest !== '') throw new Error(`no record: ${rest}`);
    cells.push(quoted?.replaceAll('""', '"') ?? plain);
    rest = rest.slice(whole.length);
    if (!whole.endsWith(',')) return cells;
  }
}

const row = (more: Parameters<typeof decision>[0]) => {
  const cells = cellsOf(csvRecord(logged(decision(more))));
  return Object.fromEntries(CSV_COLUMNS.map((name, i) => [name, cells[i]]));
};

test('a record has a cell for every column, in their order', () => {
  const digests = { sha256: sha256('x'), sha512: sha512('x') };
  const record = csvRecord(
    logged(decision({ digests, size: 12, waived: [{ code: 'SDIST', place: 'a.yaml:1' }] })),
  );
  expect(cellsOf(record)).toHaveLength(CSV_COLUMNS.length);
  expect(csvHeader().split(',')).toEqual(CSV_COLUMNS);
  expect(CSV_COLUMNS.slice(0, 6)).toEqual(['seq', 'leaf', 'log', 'index', 'time', 'type']);
  const read = row({ digests, size: 12, waived: [{ code: 'SDIST', place: 'a.yaml:1' }] });
  expect(read).toMatchObject({
    seq: '7',
    log: '1',
    index: '7',
    time: '1970-01-01T00:00:01.000Z',
    size: '12',
  });
  expect(read).toMatchObject({ sha256: digests.sha256, waived: 'SDIST', name: 'express', observed: '' });
});

test.each([
  ['=HYPERLINK("x")', `'=HYPERLINK("x")`],
  ['+1', `'+1`],
  ['-1+1', `'-1+1`],
  ['@SUM(A1)', `'@SUM(A1)`],
  ['  =1', `'  =1`],
  ['\t=1', '\\u0009=1'],
  ['\r\n=1', '\\u000d\\u000a=1'],
  ['＝1', '\\uff1d1'],
  ['a "b", c', 'a "b", c'],
  ['\u202egnp.exe', '\\u202egnp.exe'],
  ['pip/24.0', 'pip/24.0'],
])('text of a client cannot be a formula, nor a line: %j', (client, cell) => {
  expect(row({ client })['client']).toBe(cell);
  expect(csvRecord(logged(decision({ client })))).toMatch(/^[\x20-\x7e]+$/);
});
