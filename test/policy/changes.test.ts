import { describe, expect, test } from 'vitest';
import { type Change, MAX_NEW } from '../../src/model/change.ts';
import { NO_FACTS } from '../../src/model/facts.ts';
import { decide } from '../../src/policy/decide.ts';
import { type AdmittedFile, AdmittedFiles, changeSince } from '../../src/policy/judge/admitted-files.ts';
import { listingOf, NOW, policyOf } from './questions.ts';
import { npm, pypi } from './schemes.ts';

const file = (
  version: string,
  dependencies: readonly string[] | null = [],
  more: Partial<AdmittedFile> = {},
) => ({
  version,
  kind: 'npm-tarball' as const,
  findings: [],
  dependencies,
  ...more,
});

describe('the version before', () => {
  const past = new AdmittedFiles(npm, [
    file('2.0.0'),
    file('1.2.0', ['a']),
    file('1.10.0', null),
    file('4.0.0'),
  ]);
  test.each([
    ['1.10.1', '1.10.0'],
    ['1.10.0', '1.2.0'],
    ['1.3.0', '1.2.0'],
    ['3.0.0', '2.0.0'],
    ['9.0.0', '4.0.0'],
  ])('of %s is %s', (version, before) => expect(past.before(version, false)?.version).toBe(before));

  test('under all of them is none, but for what appeared while we looked on', () => {
    expect(past.before('1.0.0', false)).toBeNull();
    expect(past.before('1.0.0', true)?.version).toBe('1.2.0');
    expect(past.before('1.2.0', true)?.version).toBe('1.10.0');
    expect(new AdmittedFiles(npm, []).before('1.0.0', true)).toBeNull();
  });

  test('of which nobody read what it pulls in, has that of the one before it', () => {
    expect(past.before('1.10.1', false)).toMatchObject({ version: '1.10.0', dependencies: ['a'] });
  });

  test('is all of its files together', () => {
    const wheels = new AdmittedFiles(pypi, [
      file('1.0', ['a'], { kind: 'wheel' }),
      file('1.0.0', ['b'], { kind: 'sdist', findings: [{ code: 'NATIVE_BUILD', place: 'x' }] }),
    ]);
    expect(wheels.before('1.1', false)).toMatchObject({
      runs: true,
      kinds: ['sdist', 'wheel'],
      dependencies: ['a', 'b'],
    });
  });
});

describe('what is new', () => {
  const before = { version: '1.0.0', runs: false, kinds: [], dependencies: ['a'] };
  const of = (
    dependencies: readonly string[] | null | undefined,
    kind: 'npm-tarball' | 'sdist' = 'npm-tarball',
  ) => changeSince(before, { name: 'pkg', kind }, dependencies).dependencies;
  test('is what was not pulled in, and not the package itself', () => {
    expect(of(['a', 'b', 'pkg'])).toEqual([{ name: 'b' }]);
  });
  test('is unread where the bytes could not be, and nothing before they are here', () => {
    expect([of(null), of(undefined), of(null, 'sdist')]).toEqual([null, [], []]);
  });
  test('is unread where it is too much', () => {
    const many = Array.from({ length: MAX_NEW + 1 }, (_, n) => `n${n}`);
    expect(of(many.slice(1))).toHaveLength(MAX_NEW);
    expect(of(many)).toBeNull();
  });
});

const RULES = 'allow: [{ npm: pkg }, { npm: old, requirements: { age: 1d } }, { npm: any }]\n';
const asked = (level: string, change: Change, more: object = {}, own = '') =>
  decide(
    policyOf(
      `requirements: { npm: { changes: ${level}, install-scripts: allow, sdist: allow ${own} } }\n${RULES}`,
    ),
    'default',
    listingOf('pkg', '1.1.0', { change, ...more }),
  );
const before = { version: '1.0.0', runs: false, kinds: ['wheel' as const] };
const NONE: Change = { before, dependencies: [] };
const runs = {
  facts: { ...NO_FACTS, findings: [{ code: 'INSTALL_SCRIPT' as const, place: 'package.json' }] },
};

describe('changes', () => {
  test.each<[string, Change, object, readonly string[]]>([
    ['nothing', NONE, {}, []],
    ['a script', NONE, runs, ['NEW_INSTALL_SCRIPT']],
    ['a script as before', { ...NONE, before: { ...before, runs: true } }, runs, []],
    ['a script of a package without a past', { before: null, dependencies: [] }, runs, []],
    ['an sdist', NONE, { file: { kind: 'sdist' } }, ['SDIST_INSTEAD']],
    [
      'an sdist beside wheels',
      { ...NONE, before: { ...before, kinds: ['sdist', 'wheel'] } },
      { file: { kind: 'sdist' } },
      [],
    ],
    ['a stranger', { before, dependencies: [{ name: 'x' }] }, {}, ['NEW_DEPENDENCY']],
    ['a listed one without an age', { before, dependencies: [{ name: 'any' }] }, {}, []],
    ['one that is old', { before, dependencies: [{ name: 'old', born: NOW - 86_400_000 }] }, {}, []],
    [
      'one that is not',
      { before, dependencies: [{ name: 'old', born: NOW - 86_399_999 }] },
      {},
      ['NEW_DEPENDENCY'],
    ],
    ['one of no age', { before, dependencies: [{ name: 'old', born: null }] }, {}, ['NEW_DEPENDENCY']],
    ['one that nobody looked up yet', { before, dependencies: [{ name: 'old' }] }, {}, []],
    ['what cannot be read', { before, dependencies: null }, {}, ['NEW_DEPENDENCY']],
  ])('%s', (_, change, more, codes) => {
    const refused = asked('deny', change, more);
    expect(refused.reasons.map(({ code }) => code)).toEqual(codes);
    const warned = asked('warn', change, more);
    expect([warned.verdict, warned.warnings.map(({ code }) => code)]).toEqual(['allow', codes]);
    expect(asked('off', change, more)).toMatchObject({ verdict: 'allow', warnings: [] });
  });

  test('ask of evidence that is content with what is there, that it is no less than before', () => {
    const baseline = { baseline: { 'registry-signature': true, provenance: true, signer: null } };
    const codes = (level: string, own: string) =>
      asked(level, NONE, baseline, own).reasons.map(({ code }) => code);
    expect(codes('off', '')).toEqual([]);
    expect(codes('deny', '')).toEqual(['EVIDENCE_DOWNGRADE', 'EVIDENCE_DOWNGRADE']);
    expect(codes('deny', ', registry-signature: off, provenance: off')).toEqual([]);
    expect(asked('warn', NONE, baseline).warnings).toHaveLength(2);
  });
});
