import { describe, expect, test } from 'vitest';
import { buildLeadsAway } from '../../src/verify/pypi/pyproject.ts';
import { makeMetadata, makeSdist, makeTarball, makeZip } from './archives.ts';
import { codes, lookAtSdist, UNSAFE } from './looking.ts';

const demo = { name: 'demo', version: '1.2.3' };
const info = { 'demo-1.2.3/PKG-INFO': makeMetadata(demo) };
const zipped = { filename: 'demo-1.2.3.zip' };

describe('refused as an archive', () => {
  test.each<[string, Uint8Array]>([
    ['nothing', new Uint8Array()],
    ['another compression', Buffer.from('BZh91AY&SY')],
    ['a zip that is called .tar.gz', makeZip([{ path: 'demo-1.2.3/PKG-INFO', bytes: makeMetadata(demo) }])],
    [
      'a link',
      makeTarball([
        { path: 'demo-1.2.3/PKG-INFO', bytes: makeMetadata(demo) },
        { path: 'demo-1.2.3/a', type: '2', link: 'b' },
      ]),
    ],
    ['a file beside the top folder', makeTarball({ ...info, 'PKG-INFO': '' })],
    ['two top folders', makeTarball({ ...info, 'other/PKG-INFO': makeMetadata(demo) })],
    [
      'two PKG-INFO',
      makeTarball([1, 2].map(() => ({ path: 'demo-1.2.3/PKG-INFO', bytes: makeMetadata(demo) }))),
    ],
    ['two PKG-INFO, one with a dot', makeTarball({ ...info, './demo-1.2.3/./PKG-INFO': 'x' })],
    ['a PKG-INFO in other case', makeTarball({ ...info, 'demo-1.2.3/pkg-info': 'x' })],
  ])('%s', async (_, bytes) => {
    expect(await lookAtSdist(bytes)).toMatchObject(UNSAFE);
  });

  test('a zip with two top folders, and a tar that is called .zip', async () => {
    const two = makeZip([{ path: 'demo-1.2.3/PKG-INFO', bytes: makeMetadata(demo) }, { path: 'b/c' }]);
    expect(await lookAtSdist(two, zipped)).toMatchObject(UNSAFE);
    expect(await lookAtSdist(makeSdist(demo), zipped)).toMatchObject(UNSAFE);
  });
});

test.each<[string, Uint8Array]>([
  ['no PKG-INFO', makeTarball({ 'demo-1.2.3/setup.py': '' })],
  ['PKG-INFO too deep', makeTarball({ 'demo-1.2.3/demo.egg-info/PKG-INFO': makeMetadata(demo) })],
  ['another name', makeSdist({ ...demo, name: 'other' })],
  ['another version', makeSdist({ ...demo, version: '1.2.4' })],
])('%s: mismatch', async (_, bytes) => {
  expect(await codes(lookAtSdist(bytes))).toEqual(['METADATA_MISMATCH']);
});

test('good ones, with their exact PKG-INFO', async () => {
  const dotted = makeTarball([
    { path: './', type: '5' },
    { path: './demo-1.2.3/', type: '5' },
    { path: './demo-1.2.3/PKG-INFO', bytes: makeMetadata(demo) },
  ]);
  const zip = makeZip([
    { path: 'demo-1.2.3/', mode: 0o040755, store: true },
    { path: 'demo-1.2.3/PKG-INFO', bytes: makeMetadata(demo) },
  ]);
  for (const inspection of [
    await lookAtSdist(makeSdist(demo)),
    await lookAtSdist(dotted),
    await lookAtSdist(zip, zipped),
  ]) {
    expect(inspection.findings).toEqual([]);
    expect(Buffer.from(inspection.metadata ?? []).toString()).toBe(makeMetadata(demo));
  }
});

test('addresses in PKG-INFO and in pyproject.toml are found', async () => {
  const line = 'Requires-Dist: other @ https://host.example/other.whl\n';
  expect(await codes(lookAtSdist(makeSdist({ ...demo, metadata: line })))).toEqual(['DIRECT_URL']);
  const pyproject = '[build-system]\nrequires = ["setuptools", "evil @ https://host.example/evil.whl"]\n';
  const files = { ...info, 'demo-1.2.3/pyproject.toml': pyproject };
  expect(await codes(lookAtSdist(makeTarball(files)))).toEqual(['DIRECT_URL']);
});

describe('pyproject.toml', () => {
  test.each([
    '[build-system]\nrequires = ["a @ https://host.example/a"]',
    '[build-system]\nrequires=["a@https://host.example/a"]',
    "[build-system]\nrequires = [\n  'a', # a comment ]\n  'b @ file:///b',\n]",
    '[build-system]\nrequires = ["""a @ https://host.example/a"""]',
    "[build-system]\nrequires = ['''\na @ https://host.example/a''']",
    '[ "build-system" ]\n"requires" = ["a @ b"]',
    'build-system.requires = ["a @ b"]',
    'build-system = { requires = ["a @ b"] }',
    'x = """\n[build-system]\nrequires = []\n"""\n[build-system]\nrequires = ["a @ b"]',
    '[build-system]\nx = """\n[tool]\n"""\nrequires = ["a @ b"]',
    '[build-system]\nrequires = ["a \\u0040 b"]',
    '[build-system]\n"requ\\u0069res" = ["a"]',
    '[build-system]\nrequires = ["a"',
    '[build-system]\nrequires = ["a',
    '[build-system]\nrequires = [a]',
    '[build-system]\nrequires = [["a"]]',
    '[build-system]\nrequires = ["a[x]", "b @ c"]',
  ])('%j leads away', (text) => {
    expect(buildLeadsAway(Buffer.from(text))).toBe(true);
  });

  test.each([
    '',
    '[build-system]\nrequires = []',
    '[build-system]\nrequires = ["setuptools>=61,<70", "wheel", "cython[x]; python_version < \'3\'"]\nbuild-backend = "a"',
    '[build-system]\nrequires = [ # see https://host.example/ @ us\n  "flit_core >=3.2,<4",\n]',
    '[project]\nrequires-python = ">=3.8"\nauthors = [{ email = "a@host.example" }]\n[project.urls]\nHome = "https://host.example"',
  ])('%j does not', (text) => {
    expect(buildLeadsAway(Buffer.from(text))).toBe(false);
  });

  test('what is too long to be followed leads away', () => {
    expect(buildLeadsAway(Buffer.from('requires = []\n'.repeat(50)))).toBe(false);
    expect(buildLeadsAway(Buffer.from('requires = []\n'.repeat(51)))).toBe(true);
    expect(buildLeadsAway(Buffer.from(' '.repeat(600_000)))).toBe(true);
  });

  test.each([
    ['escapes', `${'"\\'.repeat(250_000)}`],
    ['escaped quotes', `"${'\\"'.repeat(250_000)}`],
    ['quotes', '"'.repeat(500_000)],
    ['keys in a comment', `requires=[#${'requires=[#'.repeat(45_000)}\n]`],
    ['an open array', `requires=[${'"a",'.repeat(125_000)}`],
    ['blanks', `requires${' '.repeat(500_000)}`],
  ])('half a megabyte of %s is read in no time', (_, text) => {
    const start = performance.now();
    buildLeadsAway(Buffer.from(text));
    expect(performance.now() - start).toBeLessThan(3000);
  });
});
