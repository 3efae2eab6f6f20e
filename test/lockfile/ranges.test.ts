import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { npm } from '../../src/ecosystems/npm/npm.ts';
import { pypi } from '../../src/ecosystems/pypi/pypi.ts';
import { rangeFor } from '../../src/lockfile/ranges.ts';
import { parsePolicy } from '../../src/policy/load.ts';

const SCHEMES = [npm.versions, pypi.versions];

const small = fc.integer({ min: 0, max: 3 });
const npmVersion = fc
  .tuple(small, small, small, fc.constantFrom('', '', '', '-0', '-rc.1', '-beta.2'))
  .map(([a, b, c, pre]) => `${a}.${b}.${c}${pre}`);
const pypiVersion = fc
  .tuple(
    fc.constantFrom('', '', '', '', '1!'),
    fc.array(fc.constantFrom(0, 1, 2, 3, 2024), { minLength: 1, maxLength: 3 }),
    fc.constantFrom('', '', '', '', 'rc1', '.post2', '.dev3', '+cpu', '+abc.1'),
  )
  .map(([epoch, release, rest]) => `${epoch}${release.join('.')}${rest}`);

/** Whether an allow rule with the range, read by the policy's own reader, admits a version. */
function admits(ecosystem: string, versions: string): (version: string) => boolean {
  const text = `profile: default\nallow:\n  - { ${ecosystem}: one, versions: "${versions}" }\n`;
  const rule = parsePolicy([{ path: 'a.yaml', text }], SCHEMES)
    .profiles.get('default')
    ?.ecosystems.get(ecosystem)
    ?.allow.exact.get('one');
  return (version) => rule?.range?.has(version) ?? false;
}

describe('a rule for locked versions', () => {
  test.each([
    ['npm', npm.versions, npmVersion],
    ['pypi', pypi.versions, pypiVersion],
  ] as const)(
    'of %s loads, and admits every one of them and none below the lowest',
    (id, scheme, version) => {
      fc.assert(
        fc.property(fc.uniqueArray(version, { minLength: 1, maxLength: 4 }), version, (locked, other) => {
          const range = rangeFor(scheme, locked);
          if (range === null) {
            // PEP 440 has no "or": a prerelease between releases is in no range of theirs.
            expect(id === 'pypi' && locked.some((one) => scheme.isPrerelease(one))).toBe(true);
            return;
          }
          const has = admits(id, range);
          for (const one of locked) expect(has(one), `${range} ${one}`).toBe(true);
          // Local words have no order in a range.
          const below = locked.every((one) => scheme.compare(other, one.replace(/\+.*$/, '')) < 0);
          if (below) expect(has(other), `${range} ${other}`).toBe(false);
        }),
        { numRuns: 150 },
      );
    },
  );

  test('of npm admits no prerelease that is not locked, and no major line of which nothing is', () => {
    fc.assert(
      fc.property(fc.uniqueArray(npmVersion, { minLength: 1, maxLength: 4 }), npmVersion, (locked, other) => {
        const range = npm.versions.parseRange(rangeFor(npm.versions, locked) ?? '');
        const has = (version: string) => range?.has(version);
        const line = npm.versions.majorLine(other);
        const known = locked.includes(other);
        const strange =
          npm.versions.isPrerelease(other) ||
          !locked.some((one) => npm.versions.majorLine(one) === line && !npm.versions.isPrerelease(one));
        if (!known && strange) expect(has(other), `${locked.join()} ${other}`).toBe(false);
      }),
      { numRuns: 1000 },
    );
  });

  test.each([
    [npm, ['1.2.3', '1.4.0', '3.0.0'], '^1.2.3 || ^3.0.0'],
    [npm, ['0.2.3', '0.2.4', '0.3.0', '0.0.1'], '^0.0.1 || ^0.2.3 || ^0.3.0'],
    [npm, ['2.0.0-rc.1', '1.0.0'], '^1.0.0 || 2.0.0-rc.1'],
    [pypi, ['1.16.0'], '>=1.16.0,<2'],
    [pypi, ['1.2', '1.10'], '>=1.2,<2'],
    [pypi, ['2024.7.4'], '==2024.7.4'],
    [pypi, ['2.0rc1'], '==2.0rc1'],
    [pypi, ['1!2.0'], '==1!2.0'],
    [pypi, ['1.0', '3.0'], '>=1.0,<=3.0'],
  ])('%#: %o', ({ versions }, locked, range) => {
    expect(rangeFor(versions, locked)).toBe(range);
  });
});
