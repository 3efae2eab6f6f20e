import { describe, expect, test } from 'vitest';
import { parseFilename } from '../../../src/ecosystems/pypi/filenames.ts';
import { isRefusedWheel, refusedWheel } from '../../../src/ecosystems/pypi/refused-wheel.ts';
import type { ReasonCode } from '../../../src/model/reason-codes.ts';
import { REASONS } from '../../../src/model/reason-codes.ts';
import { nameOf } from './pages.ts';

describe('parseFilename', () => {
  test.each([
    ['six', ''],
    ['six', 'six'],
    ['six', 'six.whl'],
    ['six', 'six-1.0.whl'],
    ['six', 'six-1.0-py3-none.whl'],
    ['six', 'six-1.0-x1-py3-none-any.whl'], // a build tag begins with a digit
    ['six', 'six-1.0-1-2-py3-none-any.whl'],
    ['six', 'six-1.0-py3..py2-none-any.whl'],
    ['six', 'six-1.0-.py3-none-any.whl'],
    ['six', 'six-latest-py3-none-any.whl'],
    ['six', 'six-1.0-py3-none-any.WHL'],
    ['six', 'six-1.0-py3-none-any.whl.metadata'],
    ['six', 'six-1.0-py3-none-any.egg'],
    ['six', 'sax-1.0-py3-none-any.whl'],
    ['six', 'six-1.0.tar.bz2'],
    ['six', 'six-1.0.tar.xz'],
    ['six', 'six-1.0.tgz'],
    ['six', 'six-1.0.exe'],
    ['six', 'six-1.0-1.noarch.rpm'],
    ['six', 'six-1.0.win32.exe'],
    ['six', 'six-1.0.linux-x86_64.tar.gz'],
    ['six', 'six-1.0-py2.7.egg'],
    ['six', 'six-1.0.win-amd64-py2.7.exe'],
    ['six', 'six-1.0.win32.msi'],
    ['six', 'six-1.0.win-amd64-py2.7.msi'],
    ['six', 'six-1.0.win-amd64.zip'], // bdist_dumb
    ['six', 'six-1.0.macosx-10.9-x86_64.tar.gz'],
    ['six', 'six-1.0.deb'],
    ['six', 'six-1.0.dmg'],
    ['six', 'six-1.0.tar'],
    ['six', 'six-1.0.tar.Z'],
    ['six', 'six--1.0.tar.gz'],
    ['six', 'six-.tar.gz'],
    ['six', '-1.0.tar.gz'],
    ['six', '../six-1.0.tar.gz'],
    ['six', 'six-1.0.tar.gz\n'],
    ['six', 'six-1.0 .tar.gz'],
    ['six', 'six-1.0\u0000.tar.gz'],
    ['six', `six-1.0-py3-none-${'a'.repeat(250)}.whl`],
    ['foo', 'foo-bar-1.0.tar.gz'],
    ['foo-bar', 'foo-1.0.tar.gz'],
    ['constructor', 'constructor'],
  ])('%s: refuses %j', (name, filename) => expect(parseFilename(filename, nameOf(name))).toBeNull());

  test.each([
    ['six', 'six-1.16.0-py2.py3-none-any.whl', 'wheel', '1.16.0'],
    ['six', 'six-1.16.0.tar.gz', 'sdist', '1.16.0'],
    ['six', 'six-1.16.zip', 'sdist', '1.16'],
    [
      'numpy',
      'numpy-2.1.0rc1-1-cp312-cp312-manylinux_2_17_x86_64.manylinux2014_x86_64.whl',
      'wheel',
      '2.1.0rc1',
    ],
    ['torch', 'torch-2.0.0+cu118-cp311-cp311-linux_x86_64.whl', 'wheel', '2.0.0+cu118'],
    ['x', 'x-1!2.0-py3-none-any.whl', 'wheel', '1!2.0'],
    ['zope-interface', 'zope.interface-6.0-cp311-cp311-win_amd64.whl', 'wheel', '6.0'],
    ['zope-interface', 'zope.interface-6.0.tar.gz', 'sdist', '6.0'],
    ['foo-bar', 'Foo_Bar-1.0.tar.gz', 'sdist', '1.0'],
    ['foo-bar', 'foo-bar-1.0.tar.gz', 'sdist', '1.0'],
    ['foo', 'foo-1.0-1.tar.gz', 'sdist', '1.0.post1'],
    ['foo', 'foo-1.0-beta1.zip', 'sdist', '1.0b1'],
    ['constructor', 'constructor-1.tar.gz', 'sdist', '1'],
  ])('%s: %s is a %s of %s', (name, filename, kind, version) =>
    expect(parseFilename(filename, nameOf(name))).toMatchObject({ kind, version }),
  );
});

describe('the made-up wheel', () => {
  test('says in its version why, as pip shows it', () => {
    expect(refusedWheel(nameOf('zope-interface'), 'NOT_ALLOWLISTED')).toEqual({
      filename: 'zope_interface-0+refused.not.on.the.allowlist-py3-none-any.whl',
      version: '0+refused.not.on.the.allowlist',
    });
  });

  test.each(Object.keys(REASONS) as ReasonCode[])('%s: its name is a wheel that is known again', (code) => {
    const { filename, version } = refusedWheel(nameOf('a-b'), code);
    const parsed = parseFilename(filename, nameOf('a-b'));
    expect(parsed).toMatchObject({ kind: 'wheel', version });
    expect(parsed && isRefusedWheel(parsed)).toBe(true);
  });

  test('an ordinary local version is none', () => {
    const parsed = parseFilename('a-1+refusedly.1-py3-none-any.whl', nameOf('a'));
    expect(parsed && isRefusedWheel(parsed)).toBe(false);
  });
});
