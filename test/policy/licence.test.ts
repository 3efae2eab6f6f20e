import { describe, expect, test } from 'vitest';
import { type FileFacts, NO_FACTS } from '../../src/model/facts.ts';
import { decide } from '../../src/policy/decide.ts';
import { accepts } from '../../src/policy/judge/licences.ts';
import { codes, downloadOf, listingOf, policyOf } from './questions.ts';

const rule = (...allow: string[]) => ({ allow, otherwise: 'deny' as const });

describe('an expression', () => {
  test.each([
    ['MIT', ['MIT'], true],
    ['MIT', ['Apache-2.0'], false],
    ['MIT', ['MIT-0'], false],
    ['MIT-0', ['MIT'], false],
    ['MIT', [], false],
    ['MIT OR GPL-3.0-only', ['MIT'], true],
    ['MIT AND GPL-3.0-only', ['MIT'], false],
    ['MIT AND Apache-2.0', ['MIT', 'Apache-2.0'], true],
    ['(MIT OR GPL-2.0-only) AND (Apache-2.0 OR GPL-3.0-only)', ['MIT', 'Apache-2.0'], true],
    ['MIT OR (Apache-2.0 AND GPL-3.0-only)', ['Apache-2.0'], false],
    // AND binds more tightly than OR
    ['GPL-3.0-only AND ISC OR MIT', ['MIT'], true],
    ['MIT OR ISC AND GPL-3.0-only', ['ISC'], false],
    // versions
    ['GPL-2.0-only', ['GPL-2.0+'], true],
    ['GPL-3.0-only', ['GPL-2.0+'], true],
    ['GPL-3.0-only', ['GPL-2.0-or-later'], true],
    ['GPL-1.0-only', ['GPL-2.0+'], false],
    ['GPL-3.0-only', ['GPL-2.0-only'], false],
    ['GPL-2.0-or-later', ['GPL-3.0-only'], true],
    ['GPL-2.0-or-later', ['GPL-2.0-only'], true],
    ['GPL-3.0-or-later', ['GPL-2.0-only'], false],
    ['Apache-2.0', ['Apache-1.1+'], true],
    ['LGPL-3.0-only', ['GPL-2.0+'], false],
    ['AGPL-3.0-only', ['GPL-2.0+'], false],
    ['BSD-3-Clause', ['BSD-2-Clause+'], false],
    // exceptions
    ['Apache-2.0 WITH LLVM-exception', ['Apache-2.0 WITH LLVM-exception'], true],
    ['Apache-2.0 WITH LLVM-exception', ['Apache-2.0'], false],
    ['Apache-2.0', ['Apache-2.0 WITH LLVM-exception'], false],
    // what is none
    ['NOASSERTION', ['MIT', 'NOASSERTION'], false],
    ['', ['MIT'], false],
    ['mit', ['MIT'], false],
    ['MIT MIT', ['MIT'], false],
    ['MIT OR', ['MIT'], false],
    ['constructor', ['constructor'], false],
    ['LicenseRef-ours', ['LicenseRef-ours'], true],
    ['LicenseRef-theirs', ['LicenseRef-ours'], false],
    // an entry that is no single licence accepts nothing
    ['MIT', ['MIT OR ISC'], false],
  ])('%s under %j: %s', (expression, allow, expected) => {
    const one = rule(...allow);
    expect(accepts(one, expression)).toBe(expected);
    // and is remembered so
    expect(accepts(one, expression)).toBe(expected);
    expect(accepts(rule(...allow.toReversed()), expression)).toBe(expected);
  });

  test('that is long or deep costs nothing, and thousands are not kept', () => {
    const one = rule('MIT');
    expect(accepts(one, `${'('.repeat(200)}MIT${')'.repeat(200)}`)).toBe(true);
    expect(accepts(one, `${'('.repeat(20_000)}MIT${')'.repeat(20_000)}`)).toBe(false);
    for (let i = 0; i < 3000; i++) expect(accepts(one, `LicenseRef-${i} OR MIT`)).toBe(true);
    for (let i = 0; i < 3000; i++) expect(accepts(one, `LicenseRef-${i}`)).toBe(false);
  });
});

describe('the licence of a file', () => {
  const policy = policyOf(
    'requirements: { npm: { licence: { allow: [MIT], otherwise: deny } } }\nallow: [{ npm: pkg }]',
  );
  const facts = (licence: string | null): FileFacts => ({ ...NO_FACTS, findings: [], licence });
  const claim = (licence: string | null, known: FileFacts = NO_FACTS) =>
    listingOf('pkg', '1.0.0', { facts: known, file: { licence } });

  test.each([
    ['MIT', []],
    ['GPL-3.0-only', ['LICENCE']],
    ['NOASSERTION', ['LICENCE']],
    // Only the bytes can show it.
    [null, []],
  ])('at a listing the index counts: %s', (licence, expected) => {
    expect(codes(policy, claim(licence))).toEqual(expected);
  });

  test.each(['MIT', 'GPL-3.0-only', null])(
    'and the bytes once they were seen, whatever it claims: %s',
    (claimed) => {
      expect(codes(policy, claim(claimed, facts('MIT')))).toEqual([]);
      for (const licence of ['GPL-3.0-only', 'NOASSERTION', null]) {
        expect(codes(policy, claim(claimed, facts(licence)))).toEqual(['LICENCE']);
      }
      expect(codes(policy, downloadOf(claim(claimed, facts('MIT'))))).toEqual([]);
      for (const licence of ['GPL-3.0-only', 'NOASSERTION', null]) {
        expect(codes(policy, downloadOf(claim(claimed, facts(licence))))).toEqual(['LICENCE']);
      }
    },
  );

  test('bytes whose findings were lost declare nothing', () => {
    const lost = downloadOf(claim('MIT'), { facts: { ...NO_FACTS, licence: 'MIT' } });
    expect(codes(policy, lost)).toEqual(['ARCHIVE_UNSAFE', 'LICENCE']);
  });

  test('is said, where it is declared', () => {
    const reasons = (licence: string | null) =>
      decide(policy, 'default', downloadOf(claim(null, facts(licence)))).reasons;
    expect(reasons('ISC')).toEqual([{ code: 'LICENCE', place: 'p.yaml:3', about: ['ISC'] }]);
    expect(reasons(null)).toEqual([{ code: 'LICENCE', place: 'p.yaml:3' }]);
  });

  test('may be no more than a warning, and is no matter where nobody asks', () => {
    const warn = policyOf(
      'requirements: { npm: { licence: { allow: [MIT], otherwise: warn } } }\nallow: [{ npm: pkg }]',
    );
    const question = downloadOf(claim(null, facts('ISC')));
    expect(decide(warn, 'default', question)).toMatchObject({
      verdict: 'allow',
      warnings: [{ code: 'LICENCE', about: ['ISC'] }],
    });
    const off = policyOf('allow: [{ npm: pkg }]');
    expect(decide(off, 'default', question)).toMatchObject({ verdict: 'allow', warnings: [] });
  });
});
