import { expect, test } from 'vitest';
import { decide } from '../../src/policy/decide.ts';
import { AdmittedVersions, NO_HIGHER } from '../../src/policy/judge/floor.ts';
import type { HigherAdmitted } from '../../src/policy/policy.ts';
import { listingOf, policyOf } from './questions.ts';
import { npm } from './schemes.ts';

const under = (level: string) =>
  policyOf(`requirements: { npm: { floor: ${level} } }\nallow: [{ npm: pkg }]`);
const ask = (level: string, above: HigherAdmitted) =>
  decide(under(level), 'default', listingOf('pkg', '1.0.0', { above })).reasons.map((r) => r.about);

test.each([
  ['off', { line: '1.1.0', any: '2.0.0' }, []],
  ['line', { line: '1.1.0', any: '2.0.0' }, [['1.1.0']]],
  ['line', { line: null, any: '2.0.0' }, []],
  ['admitted', { line: null, any: '2.0.0' }, [['2.0.0']]],
  ['admitted', { line: '1.1.0', any: null }, [['1.1.0']]],
  ['admitted', NO_HIGHER, []],
])('floor %s, admitted above %j: %j', (level, above, expected) => {
  expect(ask(level, above)).toEqual(expected);
});

test('a version is held to what is above it, and prereleases raise no floor', () => {
  const admitted = new AdmittedVersions(npm, ['1.0.0', '1.2.0', '2.0.0', '3.0.0-rc.1']);
  const refused = (level: string, version: string) =>
    decide(under(level), 'default', listingOf('pkg', version, { above: admitted.above(version) })).verdict ===
    'refuse';
  expect(['1.1.0', '1.2.0', '1.3.0', '2.0.0-rc.1', '2.0.0'].map((v) => refused('line', v))).toEqual([
    true,
    false,
    false,
    true,
    false,
  ]);
  expect(['1.2.0', '1.3.0', '2.0.0', '2.1.0'].map((v) => refused('admitted', v))).toEqual([
    true,
    true,
    false,
    false,
  ]);
});
