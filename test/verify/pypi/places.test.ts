import { describe, expect, test } from 'vitest';
import { platformCommand } from '../../../src/verify/commands.ts';
import { MAX_PLACES } from '../../../src/verify/pypi/places.ts';
import { makeWheel } from '../archives.ts';
import { lookAtWheel } from '../looking.ts';

const INFO = 'demo-1.2.3.dist-info';
const DATA = 'demo-1.2.3.data';

/** Where a wheel of `demo` with these files lands, and which of its files are in somebody else's place. */
async function landing(files: Readonly<Record<string, string>>, name = 'demo') {
  const wheel = makeWheel({ name, version: '1.2.3', files });
  const { places, findings } = await lookAtWheel(wheel, { name });
  const foreign = findings.filter(({ code }) => code === 'FOREIGN_PLACE').map(({ place }) => place);
  return { places, foreign, codes: [...new Set(findings.map(({ code }) => code))] };
}

const of = (...paths: string[]) => Object.fromEntries(paths.map((path) => [path, 'x = 1\n']));

describe('places', () => {
  test.each<[what: string, files: Readonly<Record<string, string>>, places: readonly string[]]>([
    ['a module', of('six.py'), ['six']],
    ['an extension module', of('_x.cpython-313-x86_64-linux-gnu.so'), ['_x']],
    ['a module in capitals', of('SIX.PY'), ['SIX']],
    ['compiled, where its source may be another wheel’s', of('__pycache__/six.cpython-313.pyc'), ['six']],
    ['the same in a package', of('yaml/__PyCache__/loader.cpython-313.pyc'), ['yaml/loader']],
    ['compiled alone', of('six.pyc'), ['six']],
    ['a package', of('yaml/__init__.py', 'yaml/loader.py', 'yaml/data/x.txt'), ['yaml']],
    [
      'a folder without __init__',
      of('google/auth/__init__.py', 'google/auth/x.py', 'google/types.py'),
      ['google/auth', 'google/types'],
    ],
    [
      'a folder that is shared',
      {
        ...of('zope/interface/__init__.py'),
        'zope/__init__.py': "__import__('pkg_resources').declare_namespace(__name__)",
      },
      ['zope/+', 'zope/interface'],
    ],
    [
      'the same, of pkgutil',
      {
        ...of('zope/interface/__init__.py'),
        'zope/__init__.py': '__path__ = extend_path(__path__, __name__)',
      },
      ['zope/+', 'zope/interface'],
    ],
    [
      'one with an empty __init__',
      { ...of('nvidia/cublas/x.py'), 'nvidia/__init__.py': '' },
      ['nvidia/+', 'nvidia/cublas/x'],
    ],
    [
      'one with a comment',
      { ...of('nvidia/a.py'), 'nvidia/__init__.py': '# shared\r\n\n' },
      ['nvidia/+', 'nvidia/a'],
    ],
    ['an empty __init__ alone', { 'yaml/__init__.py': '' }, ['yaml/+']],
    [
      'one that does more than to share',
      { 'yaml/__init__.py': '# extend_path\nimport os\n' },
      ['yaml/__init__'],
    ],
    ['one that is compiled, beside an empty one', { ...of('y/__init__.so'), 'y/__init__.py': '' }, ['y']],
    [
      'data without a module',
      of('certs/all.pem', 'certs/more/a.pem', 'certs/more/b.pem'),
      ['certs/all.pem', 'certs/more'],
    ],
    ['packages by way of the root', of(`${DATA}/data/lib/python3.13/site-packages/six.py`), ['six']],
    [
      'purelib and platlib',
      of(`${DATA}/purelib/six.py`, `${DATA}/platlib/yaml/__init__.py`),
      ['six', 'yaml'],
    ],
    [
      'scripts',
      of(`${DATA}/scripts/tool`, `${DATA}/scripts/other.py`, `${DATA}/data/bin/third`),
      ['bin/other', 'bin/third', 'bin/tool'],
    ],
    ['files elsewhere', of(`${DATA}/data/share/man/x.1`, `${DATA}/headers/x.h`), []],
    [
      'what many bring by accident',
      of('tests/__init__.py', 'docs/conf.py', 'examples/x.py', 'setup.py', 'LICENSE'),
      [],
    ],
    ['stubs', of('six-stubs/__init__.pyi'), ['six-stubs']],
    ['a name that is no plain text', of('na\u0301me.py'), ['na?me']],
  ])('of %s', async (_, files, places) => {
    expect(await landing(files)).toEqual({ places, foreign: [], codes: [] });
  });

  test('a long comment before the code takes no time', async () => {
    const code = `${'# a licence\n\n'.repeat(4_000)}import x\n`;
    const started = performance.now();
    expect((await landing({ 'demo/__init__.py': code, 'demo/x.py': '' })).places).toEqual(['demo']);
    expect(performance.now() - started).toBeLessThan(5_000);
  });

  test('more than anybody has are refused', async () => {
    const many = of(...Array.from({ length: MAX_PLACES + 1 }, (_, i) => `m${i}.py`));
    expect(await landing(many)).toMatchObject({ places: [], foreign: [''] });
    const [first = '', ...fewer] = Object.keys(many);
    expect((await landing(of(...fewer))).places).not.toContain(first.slice(0, -3));
    expect((await landing(of(...fewer))).places).toHaveLength(MAX_PLACES);
  });

  test('scripts of entry points', async () => {
    const text =
      '[other]\nignored = a:b\n[console_scripts]\n# no\ntool = a:b\n two=a:b\nthree: a:b\n[gui_scripts]\r\nfour = a\n';
    const { places, foreign } = await landing({ [`${INFO}/entry_points.txt`]: text });
    expect(places).toEqual(['bin/four', 'bin/three', 'bin/tool', 'bin/two']);
    expect(foreign).toEqual([]);
  });
});

describe("somebody else's place", () => {
  test.each<[what: string, files: Readonly<Record<string, string>>, foreign: string]>([
    ['a script called pip', of(`${DATA}/scripts/pip`), `${DATA}/scripts/pip`],
    ['pip for Windows', of(`${DATA}/scripts/PIP3.exe`), `${DATA}/scripts/PIP3.exe`],
    ['git, below the root', of(`${DATA}/data/bin/git`), `${DATA}/data/bin/git`],
    [
      'an entry point called python3',
      { [`${INFO}/entry_points.txt`]: '[console_scripts]\npython3 = a:b\n' },
      `${INFO}/entry_points.txt`,
    ],
    [
      'an entry point that leaves',
      { [`${INFO}/entry_points.txt`]: '[console_scripts]\n../../x = a:b\n' },
      `${INFO}/entry_points.txt`,
    ],
    [
      "another's metadata",
      of(`${DATA}/purelib/requests-2.0.dist-info/INSTALLER`),
      `${DATA}/purelib/requests-2.0.dist-info/INSTALLER`,
    ],
    ["another's egg-info", of('requests-2.0.egg-info/PKG-INFO'), 'requests-2.0.egg-info/PKG-INFO'],
  ])('%s', async (_, files, foreign) => {
    expect((await landing(files)).foreign).toEqual([foreign]);
  });

  test.each<[name: string, script: string]>([
    ['pip', 'pip3.13'],
    ['setuptools', 'easy_install-3.6'],
    ['uv', 'uvx'],
    ['nodejs-bin', 'npm'],
  ])('%s may bring %s', async (name, script) => {
    const file = {
      [`${name.replace('-', '_')}-1.2.3.dist-info/entry_points.txt`]: `[console_scripts]\n${script} = a:b\n`,
    };
    expect((await landing(file, name)).foreign).toEqual([]);
    expect(
      (await landing({ [`${INFO}/entry_points.txt`]: `[console_scripts]\n${script} = a:b\n` })).foreign,
    ).toHaveLength(1);
  });

  test("its own egg-info is no one else's", async () => {
    expect((await landing(of('demo-1.2.3.egg-info/PKG-INFO', 'Demo.egg-info/PKG-INFO'))).foreign).toEqual([]);
  });
});

test('commands of the platform', () => {
  for (const name of [
    'python',
    'python3.13t',
    'pythonw.exe',
    'PIP',
    'pip-3.13',
    'npm.cmd',
    'sh',
    'git.bat',
    'pypy3',
  ]) {
    expect(platformCommand(name)).not.toBeNull();
  }
  for (const name of [
    'pytest',
    'py.test',
    'pipenv',
    'python-config',
    'pipdeptree',
    'black',
    'aws.cmd',
    'gitpod',
  ]) {
    expect(platformCommand(name)).toBeNull();
  }
});

describe('what the next install goes by', () => {
  test.each([
    'pip.conf',
    'pip.ini',
    'PIP.CONF',
    'uv.toml',
    '_netrc',
    '.condarc',
    'etc/npmrc',
    'etc/pip.conf',
    'etc/xdg/pip/pip.conf',
    'etc/uv/uv.toml',
    'etc/gitconfig',
    'lib/node_modules/npm/lib/cli.js',
  ])('is not a wheel’s to write: %s', async (path) => {
    expect((await landing(of(`${DATA}/data/${path}`))).foreign).toEqual([`${DATA}/data/${path}`]);
  });

  test.each([
    'share/doc/demo/pip.conf',
    'share/demo/.npmrc',
    'etc/demo.conf',
    'etc/jupyter/jupyter_config.json',
    'lib/demo/node_modules/x/index.js',
  ])('is none of this: %s', async (path) => {
    expect((await landing(of(`${DATA}/data/${path}`))).foreign).toEqual([]);
  });

  test.each([
    ['pip/__init__.py', 'pip'],
    ['pip.py', 'pip'],
    ['PIP/_internal/x.py', 'pip'],
    ['setuptools/x.py', 'setuptools'],
    ['pkg_resources/__init__.py', 'setuptools'],
    ['keyring.py', 'keyring'],
    ['brotli/__init__.py', 'brotlipy'],
    ['brotli.cpython-313-x86_64-linux-gnu.so', 'brotli'],
  ])('is nobody’s but its own distribution’s: %s', async (path, owner) => {
    expect((await landing(of(path))).foreign).toEqual([path]);
    expect((await landing(of(path), owner)).foreign).toEqual([]);
  });

  test('modules whose names begin alike are others', async () => {
    const files = of(
      'pip_tools/x.py',
      'setuptools_scm/x.py',
      'pkg_resources-stubs/x.pyi',
      'demo/pip/x.py',
      'keyrings/alt.py',
    );
    expect((await landing(files)).foreign).toEqual([]);
  });

  test('is not told an address by `direct_url.json`', async () => {
    const found = await landing({ [`${INFO}/direct_url.json`]: '{"url":"http://127.0.0.1:9/x.whl"}' });
    expect(found.codes).toEqual(['DIRECT_URL']);
  });
});

describe('entry points', () => {
  test.each([
    ['[console_scripts]\ncurl = a:b'],
    ['[[console_scripts]]\ncurl = a:b'],
    ['[console_scripts] x\ncurl = a:b'],
    ['[console_scripts]\n[x] y\ncurl = a:b'],
    ['  [ gui_scripts ]\r\n  curl=a:b'],
    ['[console_scripts]\n[x] /../curl = a:b'],
    ['[console_scripts]\nActivate.fish = a:b'],
  ])('are found by whoever reads them: %j', async (text) => {
    expect((await landing({ [`${INFO}/entry_points.txt`]: text })).foreign).toEqual([
      `${INFO}/entry_points.txt`,
    ]);
  });

  test.each([
    ['[console_scripts]\ndemo = a:b\n[other]\ncurl = a:b'],
    ['[console_scripts]\n# curl = a:b'],
    ['[x]\ncurl = a:b\n[y] z\ncurl = a:b'],
  ])('of other groups are no commands: %j', async (text) => {
    expect((await landing({ [`${INFO}/entry_points.txt`]: text })).foreign).toEqual([]);
  });
});
