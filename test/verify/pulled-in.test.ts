import { expect, test } from 'vitest';
import { pulledIn as pulledInByNpm } from '../../src/verify/npm/dependencies.ts';
import { readCoreMetadata } from '../../src/verify/pypi/core-metadata.ts';
import { pulledIn, pulledInBySource } from '../../src/verify/pypi/dependencies.ts';
import { MAX_DEPENDENCIES } from '../../src/verify/verify.ts';

const many = (count: number) => Object.fromEntries(Array.from({ length: count }, (_, n) => [`n${n}`, '1']));

test.each<[what: string, manifest: object, names: readonly string[] | null]>([
  ['nothing', {}, []],
  [
    'every kind that an install installs',
    { dependencies: { a: '1' }, optionalDependencies: { b: '1', a: '1' }, peerDependencies: { c: '1' } },
    ['a', 'b', 'c'],
  ],
  ['no others', { devDependencies: { a: '1' } }, []],
  [
    'the real names behind aliases',
    { dependencies: { a: 'npm:b@1', c: 'npm:@s/d@^1.0.0', e: ' NPM:f', g: 'npm:@s/h' } },
    ['b', '@s/d', 'f', '@s/h'],
  ],
  ['a spec of an odd type', { dependencies: { a: 7 } }, ['a']],
  ['empty ancient forms', { dependencies: [], optionalDependencies: '', peerDependencies: null }, []],
  ['a list', { dependencies: ['a'] }, null],
  ['a text', { dependencies: 'a' }, null],
  ['as many as are read', { dependencies: many(MAX_DEPENDENCIES) }, Object.keys(many(MAX_DEPENDENCIES))],
  ['more', { dependencies: many(MAX_DEPENDENCIES + 1) }, null],
])('a package.json pulls in %s', (_, manifest, names) => {
  expect(pulledInByNpm(manifest as Record<string, unknown>)).toEqual(names);
});

const metadata = (...lines: string[]) => readCoreMetadata(Buffer.from(lines.join('\n')));

test.each<[lines: readonly string[], names: readonly string[] | null]>([
  [[], []],
  [
    ['Requires-Dist: Zope.Interface (>=1)', 'Requires-Dist: a[x]>=1 ; extra == "t"'],
    ['zope-interface', 'a'],
  ],
  [['Requires-Dist: a', 'Requires-Dist: A'], ['a']],
  [['Requires-Dist: @odd'], null],
])('a METADATA of %j pulls in %j', (lines, names) => {
  expect(pulledIn(metadata('Metadata-Version: 2.1', ...lines))).toEqual(names);
});

test.each<[lines: readonly string[], names: readonly string[] | null]>([
  [['Metadata-Version: 2.2', 'Requires-Dist: a'], ['a']],
  [['Metadata-Version: 2.4'], []],
  [['Metadata-Version: 2.1', 'Requires-Dist: a'], null],
  [['Metadata-Version: 2.2', 'Dynamic: requires-dist', 'Requires-Dist: a'], null],
  [['Requires-Dist: a'], null],
])('a PKG-INFO of %j tells %j', (lines, names) => {
  expect(pulledInBySource(metadata(...lines))).toEqual(names);
});
