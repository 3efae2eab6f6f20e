import { expect, test } from 'vitest';
import { ECOSYSTEMS } from '../../src/ecosystems/all.ts';
import { affecting } from '../../src/feeds/affecting.ts';
import { readOsv } from '../../src/feeds/osv.ts';

// Records and versions in spellings that would make a real record say nothing.

const SCHEMES = ECOSYSTEMS.map((one) => one.versions);

function reached(ecosystem: 'npm' | 'pypi', version: string, affected: unknown): boolean {
  const record = readOsv({ id: 'MAL-2026-1', modified: '2026-05-31T10:00:00Z', affected }, SCHEMES);
  const scheme = SCHEMES.find((one) => one.ecosystem === ecosystem);
  if (!scheme) throw new Error('no scheme');
  const found = record?.affected.find((one) => one.ecosystem === ecosystem && one.name === 'gear');
  return found !== undefined && affecting([found.record], scheme, version).length > 0;
}

const npm = (more: object = {}, ecosystem = 'npm') => [{ package: { ecosystem, name: 'gear' }, ...more }];
const pypi = (more: object = {}, name = 'gear') => [{ package: { ecosystem: 'PyPI', name }, ...more }];
const range = (...events: object[]) => ({ ranges: [{ type: 'ECOSYSTEM', events }] });

test.each([
  ['a blank behind the ecosystem', 'npm', '1.0.0', npm({}, ' npm ')],
  ['one package that is no list', 'npm', '1.0.0', npm()[0]],
  [
    'a type of range that nobody knows',
    'npm',
    '1.0.0',
    npm({ ranges: [{ type: 'semver', events: [{ introduced: '9.0.0' }] }] }),
  ],
  ['a version without its zeros', 'npm', '1.0.0', npm({ versions: ['1.0'] })],
  ['a version with a v', 'npm', '1.0.0', npm({ versions: ['v1.0.0'] })],
  ['a number', 'npm', '1.0.0', npm({ versions: [1] })],
  ['an end that is none', 'npm', '1.0.0', npm(range({ introduced: '0' }, { fixed: '0' }))],
  ['another normal form', 'pypi', '1.0', pypi({ versions: ['1.0.0'] })],
  ['another spelling of the name', 'pypi', '1.0', pypi({}, ' GEAR ')],
  ['a build of its own of an affected version', 'pypi', '1.0+cu118', pypi({ versions: ['1.0'] })],
  [
    'a build of its own of the last one affected',
    'pypi',
    '1.0+cu118',
    pypi(range({ introduced: '0' }, { last_affected: '1.0' })),
  ],
] as const)('%s', (_, ecosystem, version, affected) => {
  expect(reached(ecosystem, version, affected)).toBe(true);
});

test('a build of its own of the version that fixes it is fixed', () => {
  const affected = pypi(range({ introduced: '0' }, { fixed: '1.0' }));
  expect(reached('pypi', '1.0+cu118', affected)).toBe(false);
  expect(reached('pypi', '0.9+cu118', affected)).toBe(true);
});
