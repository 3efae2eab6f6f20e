import { expect, test } from 'vitest';
import { sameDistribution } from '../../../src/verify/pypi/distribution.ts';

test.each([
  ['sampleproject', 'sampleproject-4.0.0.tar.gz', 'sampleproject-4.0.0.tar.gz'],
  ['sampleproject', 'SampleProject-4.0.tar.gz', 'sampleproject-4.0.0.tar.gz'],
  ['zope-interface', 'zope.interface-5.0.0a1.tar.gz', 'zope_interface-5.0.0.alpha1.tar.gz'],
  ['zope-interface', 'zope-interface-5.0.zip', 'zope_interface-5.0.zip'],
  ['six', 'six-1.0-1.tar.gz', 'six-1.0.post1.tar.gz'],
  ['six', 'six-1.16.0-py2.py3-none-any.whl', 'six-1.16.0-py3.py2-none-any.whl'],
  ['six', 'Six-1.16-01-PY3-None-any.whl', 'six-1.16.0-1-py3-none-any.whl'],
  [
    'x',
    'x-1-cp310-cp310-manylinux_2_17_x86_64.manylinux2014_x86_64.whl',
    'x-1.0-cp310-cp310-manylinux2014_x86_64.manylinux_2_17_x86_64.whl',
  ],
])('%s: %s is %s', (project, one, other) => {
  expect(sameDistribution(project, one, other)).toBe(true);
  expect(sameDistribution(project, other, one)).toBe(true);
});

test.each([
  ['another project', 'six', 'seven-1.0.tar.gz', 'six-1.0.tar.gz'],
  ['both of another project', 'six', 'seven-1.0.tar.gz', 'seven-1.0.tar.gz'],
  ['another version', 'six', 'six-1.0.1.tar.gz', 'six-1.0.tar.gz'],
  ['another format', 'six', 'six-1.0.zip', 'six-1.0.tar.gz'],
  ['a wheel for an sdist', 'six', 'six-1.0-py3-none-any.whl', 'six-1.0.tar.gz'],
  ['no build tag', 'six', 'six-1.0-py3-none-any.whl', 'six-1.0-1-py3-none-any.whl'],
  ['another build tag', 'six', 'six-1.0-1a-py3-none-any.whl', 'six-1.0-1b-py3-none-any.whl'],
  ['fewer tags', 'six', 'six-1.0-py3-none-any.whl', 'six-1.0-py2.py3-none-any.whl'],
  ['another platform', 'six', 'six-1.0-py3-none-win32.whl', 'six-1.0-py3-none-any.whl'],
  ['tags that change places', 'six', 'six-1.0-none-py3-any.whl', 'six-1.0-py3-none-any.whl'],
  ['a path', 'six', '../six-1.0.tar.gz', 'six-1.0.tar.gz'],
  ['no file name', 'six', 'six-1.0', 'six-1.0'],
  ['nothing', 'six', '', ''],
  ['an egg', 'six', 'six-1.0.egg', 'six-1.0.egg'],
  [
    'what is too long',
    'six',
    `six-1.0-py3-none-${'a'.repeat(255)}.whl`,
    `six-1.0-py3-none-${'a'.repeat(255)}.whl`,
  ],
])('%s is not the same', (_what, project, one, other) => {
  expect(sameDistribution(project, one, other)).toBe(false);
});
