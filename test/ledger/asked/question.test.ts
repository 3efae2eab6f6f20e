import { expect, test } from 'vitest';
import { ECOSYSTEMS } from '../../../src/ecosystems/all.ts';
import { entryNamed } from '../../../src/ledger/asked/entry-named.ts';
import { AskedError, filterOf, questionOf } from '../../../src/ledger/asked/question.ts';
import type { LedgerQueries, LoggedVersion } from '../../../src/ledger/ledger.ts';
import type { PackageName } from '../../../src/model/artifact.ts';

const schemes = ECOSYSTEMS.map(({ versions }) => versions);

function lookups(...logged: [ecosystem: string, version: string][]): Pick<LedgerQueries, 'versionsOf'> {
  return {
    versionsOf: async (name) =>
      logged.map(([ecosystem, version]): LoggedVersion => {
        return { ecosystem, name: name as PackageName, version };
      }),
  };
}

const ask = (words: Parameters<typeof questionOf>[0], known = lookups()) =>
  filterOf(questionOf(words, schemes), known);

const NPM: [string, string][] = [
  ['npm', '1.1.9'],
  ['npm', '1.2.0'],
  ['npm', '1.9.0-beta.1'],
  ['npm', '2.0.0-rc.1'],
  ['npm', '2.0.0'],
  ['npm', 'no version'],
];

test('a range selects among the versions that the ledger has, pre-releases too', async () => {
  const filter = await ask({ package: 'widget', versions: '>=1.2 <2.0.0' }, lookups(...NPM));
  expect(filter).toEqual({ package: 'widget', versions: ['1.2.0', '1.9.0-beta.1', '2.0.0-rc.1'] });
});

test('of PyPI in the words of PEP 440', async () => {
  const known = lookups(['pypi', '1.0'], ['pypi', '1.5rc1'], ['pypi', '2.0'], ['pypi', '1!1.2']);
  const filter = await ask({ package: 'pkg:pypi/widget', versions: '>=1.1,<2' }, known);
  expect(filter).toEqual({ package: 'pkg:pypi/widget', versions: ['1.5rc1'] });
});

test('a range that no version is in finds nothing, and is not left out', async () => {
  expect(await ask({ package: 'widget', versions: '>=9' }, lookups(...NPM))).toMatchObject({ versions: [] });
  expect(await ask({ package: 'widget', versions: '>=9' }, lookups())).toMatchObject({ versions: [] });
});

test.each([
  // `>=1.2 <2` finds nothing in PyPI's words: an empty answer would be no answer.
  [
    'a name of two ecosystems',
    '>=1.2',
    [
      ['npm', '1.3.0'],
      ['pypi', '1.3.0'],
    ],
    'package',
    'npm and pypi',
  ],
  ["another ecosystem's words", '>=1.2 <2', [['pypi', '1.3.0']], 'versions', 'no range of pypi'],
  ['an ecosystem that nobody knows', '>=1.2', [['cargo', '1.3.0']], 'versions', 'no range of cargo'],
] as const)('%s: an error', async (_title, versions, known, word, words) => {
  const asked = ask(
    { package: 'widget', versions },
    lookups(...known.map(([e, v]): [string, string] => [e, v])),
  );
  await expect(asked).rejects.toThrow(AskedError);
  await expect(asked).rejects.toMatchObject({ word, message: expect.stringContaining(words) });
});

test.each([
  ['0', { after: -1, before: 1, limit: 1 }],
  ['17', { after: 16, before: 18, limit: 1 }],
  ['AB'.repeat(32), { leaf: 'ab'.repeat(32), limit: 1 }],
  ['', null],
  ['-1', null],
  ['01', null],
  ['1e3', null],
  ['9'.repeat(16), null],
  ['ab', null],
  [' 1', null],
])('an entry by %j', (text, filter) => {
  expect(entryNamed(text)).toEqual(filter);
});

test.each([
  ['install-scripts', 'install-scripts is in the entries as INSTALL_SCRIPTS'],
  ['vulnerability', 'vulnerability is in the entries as VULNERABLE, VULNERABILITY_UNCHECKED'],
  ['DENIED', 'must be * for any'],
  ['constructor', 'must be * for any'],
])('a waiver by %s is refused with what would find it, and not answered with nothing', (waiver, words) => {
  const asked = () => questionOf({ waiver }, schemes);
  expect(asked).toThrow(AskedError);
  expect(asked).toThrow(words);
});

test.each(['*', 'npm.yaml:12', 'INSTALL_SCRIPTS', 'EVIDENCE_DOWNGRADE'])(
  'a waiver by %s is asked for',
  (waiver) => {
    expect(questionOf({ waiver }, schemes).filter).toEqual({ waiver });
  },
);
