import { describe, expect, test } from 'vitest';
import { buildLeadsAway, readPyproject } from '../../src/verify/pypi/pyproject.ts';
import { setupLeadsAway } from '../../src/verify/pypi/setup-cfg.ts';
import { makeMetadata, makeSdist, makeTarball, makeZip, type TarEntry } from './archives.ts';
import { codes, lookAtSdist, UNSAFE, whyUnsafe } from './looking.ts';

const demo = { name: 'demo', version: '1.2.3' };
const info = { 'demo-1.2.3/PKG-INFO': makeMetadata(demo) };
const zipped = { filename: 'demo-1.2.3.zip' };

describe('refused as an archive', () => {
  test.each<[string, Uint8Array]>([
    ['nothing', new Uint8Array()],
    ['another compression', Buffer.from('BZh91AY&SY')],
    ['a zip that is called .tar.gz', makeZip([{ path: 'demo-1.2.3/PKG-INFO', bytes: makeMetadata(demo) }])],
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
  ['no PKG-INFO', makeTarball({ 'demo-1.2.3/a.py': '' })],
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

describe('links', () => {
  const pkgInfo = { path: 'demo-1.2.3/PKG-INFO', bytes: makeMetadata(demo) };
  const [a, deep] = ['demo-1.2.3/a', 'demo-1.2.3/x/y/b'].map((path) => ({ path, bytes: 'x' }));
  const withLink = (link: string, path = 'demo-1.2.3/x/l', ...more: TarEntry[]): Uint8Array =>
    makeTarball([pkgInfo, { path, type: '2', link }, ...[a, deep].flatMap((file) => file ?? []), ...more]);

  test.each([
    ['a file beside it', 'a', 'demo-1.2.3/l'],
    ['a file below', 'y/b'],
    ['a file above', '../a'],
    ['with a dot before it', '../a', './demo-1.2.3/x/l'],
  ])('to %s is admitted', async (_, link, path?: string) => {
    expect((await lookAtSdist(withLink(link, path))).findings).toEqual([]);
  });

  const l = 'demo-1.2.3/x/l';
  test.each<[what: string, bytes: Uint8Array, why: string]>([
    ['to nothing', withLink('nothing'), 'link to no file of the archive'],
    ['to itself', withLink('l'), 'link to no file of the archive'],
    ['to a folder', withLink('y'), 'link to no file of the archive'],
    [
      'to a listed folder',
      withLink('f', l, { path: 'demo-1.2.3/x/f/', type: '5' }),
      'link to no file of the archive',
    ],
    [
      'to a link',
      withLink('m', l, { path: 'demo-1.2.3/x/m', type: '2', link: '../a' }),
      'link to no file of the archive',
    ],
    ['to another case', withLink('../A'), 'link to no file of the archive'],
    ['out of the archive', withLink('../../a'), 'link that leaves the archive'],
    ['out and in again', withLink('../../demo-1.2.3/a'), 'link that leaves the archive'],
    ['far out', withLink('../../../../etc/passwd'), 'link that leaves the archive'],
    ['to an absolute path', withLink('/etc/passwd'), 'unreadable link'],
    ['to a drive', withLink('C:a'), 'unreadable link'],
    ['to a path that turns', withLink('y/../../a'), 'unreadable link'],
    ['to a path with dots', withLink('./y/b'), 'unreadable link'],
    ['to a path with empty names', withLink('y//b'), 'unreadable link'],
    ['to a path with a backslash', withLink('..\\a'), 'unreadable link'],
    ['to a path that ends in a slash', withLink('../a/'), 'unreadable link'],
    ['to its folder', withLink('..'), 'unreadable link'],
    ['to no path', withLink(''), 'unreadable link'],
    ['that ends in a slash itself', withLink('../a', 'demo-1.2.3/x/l/'), 'unreadable link'],
    ['at the top', withLink('a', 'l'), 'file outside the top folder'],
    ['in the place of the top folder', withLink('a', 'demo-1.2.3'), 'file outside the top folder'],
    ['that goes out itself', withLink('a', 'demo-1.2.3/../l'), 'path that leaves its folder'],
    ['and a file in its place', withLink('../a', l, { path: l, bytes: 'x' }), 'two files in one place'],
    ['twice', withLink('../a', l, { path: l, type: '2', link: '../a' }), 'two files in one place'],
    [
      'and a file in its place in other case',
      withLink('../a', l, { path: 'demo-1.2.3/x/L' }),
      'two files in one place',
    ],
    [
      'and a folder in its place',
      withLink('../a', l, { path: `${l}/`, type: '5' }),
      'two files in one place',
    ],
    ['and a file below it', withLink('../a', l, { path: `${l}/c` }), 'file below a link'],
    [
      'and a file below it in other case',
      withLink('../a', l, { path: 'demo-1.2.3/X/L/c' }),
      'file below a link',
    ],
    [
      'with a body',
      withLink('../a', l, { path: 'demo-1.2.3/m', type: '2', link: 'a', bytes: 'x' }),
      'link with a body',
    ],
    [
      'in the place of pyproject.toml',
      withLink('a', 'demo-1.2.3/pyproject.toml'),
      'link in the place of a document',
    ],
    ['in the place of setup.cfg', withLink('a', 'demo-1.2.3/setup.cfg'), 'link in the place of a document'],
    [
      'that is hard',
      withLink('../a', l, { path: 'demo-1.2.3/m', type: '1', link: 'demo-1.2.3/a' }),
      'link or device',
    ],
    ['that is a device', withLink('../a', l, { path: 'demo-1.2.3/m', type: '3' }), 'link or device'],
  ])('%s: refused', async (_, bytes, why) => {
    expect(await whyUnsafe(bytes, 'sdist')).toBe(why);
  });
});

test('each file of a zip is unpacked, and its checksum is right', async () => {
  const bytes = makeZip([
    { path: 'demo-1.2.3/PKG-INFO', bytes: makeMetadata(demo) },
    { path: 'demo-1.2.3/demo.py', bytes: 'print(1)', store: true },
  ]);
  expect((await lookAtSdist(bytes, zipped)).findings).toEqual([]);
  const changed = Buffer.from(bytes);
  changed.write('print(2)', changed.indexOf('print(1)'));
  expect(await lookAtSdist(changed, zipped)).toMatchObject(UNSAFE);
});

test('code of its own that a build runs is said, and where', async () => {
  const toml = (text: string) => makeTarball({ ...info, 'demo-1.2.3/pyproject.toml': text });
  const hook = (place: string) => [{ code: 'BUILD_HOOK', place }];
  const found = async (bytes: Uint8Array, options = {}) => (await lookAtSdist(bytes, options)).findings;
  const setup = { path: 'demo-1.2.3/setup.py' };
  expect(await found(makeTarball({ ...info, 'demo-1.2.3/setup.py': '' }))).toEqual(
    hook('demo-1.2.3/setup.py'),
  );
  expect(await found(makeTarball({ ...info, 'demo-1.2.3/Setup.PY': '' }))).toEqual(
    hook('demo-1.2.3/Setup.PY'),
  );
  expect(await found(makeTarball({ ...info, 'demo-1.2.3/tests/setup.py': '' }))).toEqual([]);
  const zip = makeZip([{ path: 'demo-1.2.3/PKG-INFO', bytes: makeMetadata(demo) }, setup]);
  expect(await found(zip, zipped)).toEqual(hook('demo-1.2.3/setup.py'));
  const backend = hook('pyproject.toml#build-system.build-backend');
  expect(await found(toml('[build-system]\nbuild-backend = "backend"'))).toEqual(backend);
  expect(await found(toml('[build-system]\nbuild-backend = ["hatchling.build"]'))).toEqual(backend);
  expect(await found(toml('[build-system]\nbuild-backend = "hatchling.build"'))).toEqual([]);
  expect(
    await found(toml('[build-system]\nbuild-backend = "hatchling.build"\nbackend-path = ["."]')),
  ).toEqual(hook('pyproject.toml#build-system.backend-path'));
  expect(await found(toml('[tool.hatch.build.hooks.custom]'))).toEqual(
    hook('pyproject.toml#tool.hatch.build.hooks.custom'),
  );
  expect(await found(toml('[tool.poetry]\nbuild = "build.py"'))).toEqual(
    hook('pyproject.toml#tool.poetry.build'),
  );
  expect(await found(toml('[tool]\n"__proto__" = { poetry = { build = "x" } }'))).toEqual([]);
});

test('setup.cfg with addresses is found', async () => {
  const files = { ...info, 'demo-1.2.3/setup.cfg': '[options]\nsetup_requires = a @ https://host.example/a' };
  expect((await lookAtSdist(makeTarball(files))).findings).toEqual([
    { code: 'DIRECT_URL', place: 'setup.cfg' },
  ]);
  const zip = makeZip(Object.entries(files).map(([path, bytes]) => ({ path, bytes })));
  expect(await codes(lookAtSdist(zip, zipped))).toEqual(['DIRECT_URL']);
});

describe('setup.cfg', () => {
  test.each([
    '[options]\ninstall_requires =\n  fine\n  # a comment\n  a @ https://host.example/a',
    '[options]\ninstall-requires: a@https://host.example/a',
    '[options]\nINSTALL_REQUIRES = a @ file:///a',
    '[options]\rsetup_requires = fine\r\ta @ git+https://host.example/a',
    '[options.extras_require]\nx = \n\n  a @ https://host.example/a',
    '[options]\ndependency_links = https://host.example/',
    '[options]\ndependency_links =\n  host.example',
    '[easy_install]\nindex_url = https://host.example/',
    '[easy_install]\nfind-links = links',
    '[metadata]\nrequires-dist = a @ https://host.example/a',
    ' '.repeat(600_000),
  ])('%.80j leads away', (text) => {
    expect(setupLeadsAway(Buffer.from(text))).toBe(true);
  });

  test.each([
    '',
    '[metadata]\nurl = https://host.example/\nauthor_email = a@host.example',
    '[options]\ninstall_requires =\n  a>=1\n  b; python_version < "3"\n  # c @ https://host.example/c',
    '[options]\ninstall_requires = file: requirements.txt\n[tool:x]\nlinks = https://host.example',
    '[options]\ndependency_links =\n[options.extras_require]\nx = a\n[x]\ny = a @ https://host.example/a',
  ])('%j does not', (text) => {
    expect(setupLeadsAway(Buffer.from(text))).toBe(false);
  });
});

describe('tables of pyproject.toml', () => {
  const leads = (text: string) => readPyproject(Buffer.from(text)).leadsAway;

  test.each([
    '[project]\ndependencies = ["a @ https://host.example/a"]',
    'project.optional-dependencies.x = ["a @ git+https://host.example/a"]',
    '[tool.poetry.dependencies]\na = { url = "https://host.example/a" }',
    '[tool.poetry.dependencies.a]\ngit = "https://host.example/a"',
    '[tool]\npoetry.dependencies.a.path = "../a"',
    '[tool.poetry.dependencies]\na = [{ version = "1" }, { file = "a.whl", markers = "x" }]',
    '[[tool.poetry.dependencies.a]]\ngit = "https://host.example/a"',
    '[tool."po\\u0065try".dependencies.a]\ngit = "https://host.example/a"',
    '[build-system]\nrequires = ["A_b>=1"]\n[tool.uv.sources]\na-b = { git = "https://host.example/a" }',
    '[project]\ndependencies = ["a"]\n[tool.uv.sources]\na = [{ url = "https://host.example/a", marker = "x" }]',
    '[project]\noptional-dependencies.x = ["a[b]; x"]\n[tool.uv.sources.a]\npath = "../a"',
    '[project]\ndynamic = ["dependencies"]\n[tool.uv.sources]\na = { git = "https://host.example/a" }',
    '[tool.flit.metadata]\nrequires = ["a @ https://host.example/a"]',
    '[project]\nname = a',
    'x = 1\nx = 2',
    `x = ${'['.repeat(300)}${']'.repeat(300)}`,
  ])('%.80j leads away', (text) => expect(leads(text)).toBe(true));

  test.each([
    '[project]\r\ndependencies = ["a>=1"]\r\n[project.urls]\r\nx = "https://host.example/"',
    '[dependency-groups]\ndev = ["a @ https://host.example/a"]',
    '[tool.poetry.dependencies]\npython = "^3.9"\na = { version = "1", extras = ["b"] }',
    '[tool.poetry.group.dev.dependencies]\na = { git = "https://host.example/a" }',
    '[project]\ndependencies = ["a", "b"]\n[tool.uv.sources]\na = { workspace = true }\nb = { index = "b" }',
    '[project]\ndependencies = ["a"]\n[tool.uv.sources]\nb = { git = "https://host.example/b" }',
    '[tool.uv]\nsources = "x"',
    '[tool.hatch.metadata]\nallow-direct-references = true',
    '[[tool.pdm.source]]\nurl = "https://host.example/simple"\nname = "x"',
  ])('%j does not', (text) => expect(leads(text)).toBe(false));

  test.each([
    ['lists of tables', '[[b]]\n'],
    ['dots', 'a.'],
    ['arrays', 'x=[[],'],
    ['tables within tables', '[a.'],
  ])('half a megabyte of %s is read in no time', (_, piece) => {
    const start = performance.now();
    leads(piece.repeat(500_000 / piece.length));
    expect(performance.now() - start).toBeLessThan(5000);
  });
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
