import { expect, test } from 'vitest';
import { LockfileUnreadable } from '../../src/ecosystems/lockfile.ts';
import { readLockfile } from '../../src/ecosystems/lockfiles.ts';
import { npmVersions } from '../../src/ecosystems/npm/versions.ts';
import { npmDependencies } from '../../src/policy-commands/dependencies.ts';

test('requirements: lines that only pip sees, because the file names an encoding for it', () => {
  // In UTF-7 `+AAo-` is a line break: pip installs `evil`.
  for (const head of ['# coding: utf-7', '# -*- coding=UTF_7 -*-', '#\n# vim: set fileencoding: utf-16 :']) {
    const text = `${head}\nsix==1.16.0\n# +AAo-evil==6.6.6+AAo-\n`;
    expect(() => readLockfile('requirements.txt', text), head).toThrow(LockfileUnreadable);
  }
  for (const head of ['# coding: utf-8', '# -*- coding: UTF8 -*-', '# made by a tool'])
    expect(readLockfile('requirements.txt', `${head}\nsix==1.16.0\n`).packages).toHaveLength(1);
  // pip looks no further than the second line.
  expect(readLockfile('requirements.txt', 'six==1.16.0\n\n# coding: utf-7\n').packages).toHaveLength(1);
});

test('uv: packages under the name that its first releases gave them are not passed over', () => {
  const text =
    'version = 1\n\n[[distribution]]\nname = "evil"\nversion = "6.6.6"\nsource = { registry = "https://i.example/simple" }\n';
  expect(() => readLockfile('uv.lock', text)).toThrow(LockfileUnreadable);
});

test('a file of a few bytes for each of very many parts is refused before it fills the memory', () => {
  const objects = `{"lockfileVersion":3,"x":[${'{},'.repeat(2_000_000)}1],"packages":{}}`;
  expect(() => readLockfile('package-lock.json', objects)).toThrow(LockfileUnreadable);
  for (const line of [`-i ${'-i '.repeat(6_000_000)}`, '\\\n'.repeat(9_000_000)])
    expect(() => readLockfile('requirements.txt', line)).toThrow(LockfileUnreadable);
}, 60_000);

test('an index whose manifest needs very many packages, all of them optional too, is read in no time', () => {
  const many = Object.fromEntries(Array.from({ length: 40_000 }, (_, i) => [`p${i}`, '1']));
  const begun = performance.now();
  const { required, optional } = npmDependencies(
    { dependencies: many, optionalDependencies: many },
    npmVersions,
  );
  expect(performance.now() - begun).toBeLessThan(1_500);
  expect([required.length, optional.length]).toEqual([0, 40_000]);
});
