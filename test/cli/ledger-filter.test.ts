import { describe, expect, test } from 'vitest';
import { filterOf, spellings } from '../../src/cli/ledger-filter.ts';
import { ECOSYSTEMS } from '../../src/ecosystems/all.ts';
import { selectionOf } from '../../src/ledger/filter.ts';

const schemes = ECOSYSTEMS.map(({ versions }) => versions);

describe('what cannot be read is said, and nothing is listed', () => {
  test.each([
    [{ since: '1' }, '--since'],
    [{ since: 'yesterday' }, '--since'],
    [{ until: '' }, '--until'],
    [{ until: '2026-02-30' }, '--until'],
    [{ until: '2026-01-31T25:00:00Z' }, '--until'],
    // In whose zone?
    [{ since: '2026-01-31T08:00:00' }, '--since'],
    [{ since: '2026-01-31 08:00' }, '--since'],
    [{ verdict: 'allowed' }, '--verdict'],
    [{ verdict: '' }, '--verdict'],
    [{ package: 'widget@latest' }, '--package'],
    [{ package: 'widget@' }, '--package'],
    [{ package: 'a b@1.0.0' }, '--package'],
    [{ package: '@acme/x@^1.0.0' }, '--package'],
    [{ type: 'decisions' }, '--type'],
    [{ type: '__proto__' }, '--type'],
    [{ limit: '0' }, '--limit'],
    [{ limit: '-1' }, '--limit'],
    [{ limit: '1e3' }, '--limit'],
  ])('%j', (options, flag) => {
    expect(filterOf(options, schemes)).toMatch(new RegExp(`^${flag} `));
  });
});

test('each flag is a part of the filter', () => {
  expect(filterOf({}, schemes)).toEqual({});
  expect(
    filterOf(
      {
        agent: 'ana',
        package: 'pkg:npm/express@5.0.0',
        verdict: 'refuse',
        type: 'decision',
        since: '2026-01-31',
        until: '2026-01-31T08:00:00.500+02:00',
        limit: '5',
        reverse: true,
        json: true,
      },
      schemes,
    ),
  ).toEqual({
    agent: 'ana',
    package: 'pkg:npm/express@5.0.0',
    verdict: 'refuse',
    type: 'decision',
    since: Date.UTC(2026, 0, 31),
    until: Date.UTC(2026, 0, 31, 6, 0, 0, 500),
    limit: 5,
    reverse: true,
  });
});

test.each([
  ['Zope.Interface', ['in pypi Zope.Interface is written zope-interface']],
  ['pkg:pypi/Zope.Interface@5.0', ['in pypi Zope.Interface is written zope-interface']],
  ['pkg:npm/JSONStream', []],
  ['requests', []],
  ['requests@2.32.0', []],
  ['@types/node@22.0.0', []],
  ['Zope.Interface==5', []],
  ['Widget@1.1.0', ['in pypi Widget@1.1.0 is written widget@1.1.0']],
  ['pkg:npm/%40types/node@22.0.0', []],
  ['@types/node', []],
  ['', []],
  ['a b', []],
])('another spelling of %s is told', (asked, lines) => {
  expect(spellings(asked, schemes)).toEqual(lines);
});

test.each([
  ['widget', { name: 'widget' }],
  ['@types/node', { name: '@types/node' }],
  ['widget@1.1.0', { name: 'widget', version: '1.1.0' }],
  ['@types/node@22.0.0', { name: '@types/node', version: '22.0.0' }],
  ['Zope.Interface==5.0RC1', { name: 'zope-interface', version: '5.0rc1' }],
  ['widget == 1.1.0', { name: 'widget', version: '1.1.0' }],
  ['JSONStream@1.3.5', { name: 'JSONStream', version: '1.3.5' }],
  ['pkg:npm/widget@1.1.0', { ecosystem: 'npm', name: 'widget', version: '1.1.0' }],
])('--package %s asks for what the ledger has', (asked, selection) => {
  const filter = filterOf({ package: asked }, schemes);
  expect(typeof filter === 'string' ? filter : selectionOf(filter)).toEqual(selection);
});
