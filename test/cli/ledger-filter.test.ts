import { describe, expect, test } from 'vitest';
import { filterOf, spellings } from '../../src/cli/ledger-filter.ts';
import { ECOSYSTEMS } from '../../src/ecosystems/all.ts';

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
    [{ type: 'decisions' }, '--type'],
    [{ type: '__proto__' }, '--type'],
    [{ limit: '0' }, '--limit'],
    [{ limit: '-1' }, '--limit'],
    [{ limit: '1e3' }, '--limit'],
  ])('%j', (options, flag) => {
    expect(filterOf(options)).toMatch(new RegExp(`^${flag} `));
  });
});

test('each flag is a part of the filter', () => {
  expect(filterOf({})).toEqual({});
  expect(
    filterOf({
      agent: 'ana',
      package: 'pkg:npm/express@5.0.0',
      verdict: 'refuse',
      type: 'decision',
      since: '2026-01-31',
      until: '2026-01-31T08:00:00.500+02:00',
      limit: '5',
      reverse: true,
      json: true,
    }),
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
  ['@types/node', []],
  ['', []],
  ['a b', []],
])('another spelling of %s is told', (asked, lines) => {
  const schemes = ECOSYSTEMS.map(({ versions }) => versions);
  expect(spellings(asked, schemes)).toEqual(lines);
});
