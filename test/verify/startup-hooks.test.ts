import { describe, expect, test } from 'vitest';
import { makeSdist, makeWheel } from './archives.ts';
import { lookAtSdist, lookAtWheel } from './looking.ts';

const demo = { name: 'demo', version: '1.2.3' };
const DATA = 'demo-1.2.3.data';

const HOOKS = [
  'demo.pth',
  'DEMO.PTH',
  '.pth',
  'demo.start',
  'sitecustomize.py',
  'usercustomize.py',
  'SiteCustomize.PY',
  'sitecustomize.pyc',
  'sitecustomize.so',
  'sitecustomize.cpython-313-x86_64-linux-gnu.so',
  'usercustomize.abi3.so',
  'usercustomize.cp313-win_amd64.pyd',
  'sitecustomize/__init__.py',
  'usercustomize/__init__.pyc',
  'UserCustomize/__INIT__.cpython-313-darwin.so',
  // Loaded in place of a source that is there.
  '__pycache__/sitecustomize.cpython-313.pyc',
  // Imported by what environments are made with.
  '_distutils_hack/__init__.py',
  '_distutils_hack/__pycache__/__init__.cpython-313.pyc',
  '_virtualenv.py',
  '_manylinux.py',
  'apport_python_hook.py',
  // In full-width letters, which some file systems fold.
  'ｓitecustomize.py',
];

const HARMLESS = [
  'demo/demo.pth',
  'demo/sitecustomize.py',
  'demo/sitecustomize/__init__.py',
  'demo.pth.txt',
  'demo_pth.py',
  'sitecustomize.txt',
  'sitecustomize/other.py',
  'sitecustomize/demo/__init__.py',
  'mysitecustomize.py',
  'sitecustomize_demo.py',
  'start.py',
  '_distutils_hack/override.py',
  'demo/_manylinux.py',
  'manylinux.py',
];

function place(path: string): string {
  return path.replace(/[^A-Za-z0-9@._/+-]/g, '?');
}

async function hooksOf(look: typeof lookAtWheel, bytes: Uint8Array): Promise<string[]> {
  const { findings, metadata } = await look(bytes);
  expect(metadata).not.toBeNull();
  expect(findings.filter(({ code }) => code !== 'STARTUP_HOOK')).toEqual([]);
  return findings.map((finding) => finding.place);
}

const inWheel = (path: string, text = '') =>
  hooksOf(lookAtWheel, makeWheel({ ...demo, files: { 'demo/__init__.py': '', [path]: text } }));
const inSdist = (path: string) => hooksOf(lookAtSdist, makeSdist({ ...demo, files: { [path]: '' } }));

describe('wheels', () => {
  test.each(['', `${DATA}/purelib/`, `${DATA}/platlib/`, `${DATA.toUpperCase()}/PureLib/`])(
    'hooks in %j',
    async (folder) => {
      for (const hook of HOOKS) expect(await inWheel(folder + hook), hook).toEqual([place(folder + hook)]);
      for (const file of HARMLESS) expect(await inWheel(folder + file), file).toEqual([]);
    },
  );

  test.each([
    'lib/python3.13/site-packages/',
    'lib64/python3.13/site-packages/',
    'lib/pypy3.10/site-packages/',
    'lib/python3/dist-packages/',
    'local/lib/python3.13/dist-packages/',
    'Lib/site-packages/',
    'lib/python3.13t/site-packages/',
  ])('files that `data` puts into %s', async (folder) => {
    for (const hook of HOOKS)
      expect(await inWheel(`${DATA}/data/${folder}${hook}`), hook).toEqual([
        place(`${DATA}/data/${folder}${hook}`),
      ]);
    for (const file of HARMLESS) expect(await inWheel(`${DATA}/data/${folder}${file}`), file).toEqual([]);
  });

  test('Python finds a module in its own library first, and reads no `.pth` there', async () => {
    for (const folder of ['lib/python3.13', 'Lib', 'lib64/pypy3.10', 'lib/python3.13/lib-dynload']) {
      const path = `${DATA}/data/${folder}/sitecustomize.py`;
      expect(await inWheel(path)).toEqual([path]);
      expect(await inWheel(`${DATA}/data/${folder}/demo.pth`)).toEqual([]);
    }
    expect(await inWheel(`${DATA}/data/pyvenv.cfg`)).toEqual([`${DATA}/data/pyvenv.cfg`]);
  });

  test.each([
    'data/lib/libpython3.13.so.1.0',
    'data/lib/libpython3.so',
    'data/lib64/libpython3.13t.dylib',
    'data/python313.dll',
    'data/Scripts/python3.dll',
    'scripts/python313.dll',
  ])('Python is its library: %s', async (path) =>
    expect(await inWheel(`${DATA}/${path}`)).toEqual([`${DATA}/${path}`]),
  );

  test.each([
    'data/lib/libpythonic.so',
    'data/lib/libdemo.so.1',
    'data/demo.pth',
    'data/share/sitecustomize.py',
    'data/etc/pyvenv.cfg',
    'scripts/demo.pth',
    'scripts/sitecustomize.py',
    'headers/sitecustomize.py',
  ])('nothing runs %s', async (path) => expect(await inWheel(`${DATA}/${path}`)).toEqual([]));

  test('a `.pth` of plain paths is one, too', async () => {
    expect(await inWheel('demo.pth', 'demo/vendor\n')).toEqual(['demo.pth']);
    expect(await inWheel('demo.pth', 'import demo\n')).toEqual(['demo.pth']);
  });

  test('at most twenty are listed', async () => {
    const files = Object.fromEntries(Array.from({ length: 30 }, (_, i) => [`demo${i}.pth`, '']));
    expect(await hooksOf(lookAtWheel, makeWheel({ ...demo, files }))).toHaveLength(20);
  });
});

describe('source distributions', () => {
  test.each(['', 'src/', 'SRC/'])('hooks in %j', async (folder) => {
    for (const hook of HOOKS)
      expect(await inSdist(folder + hook), hook).toEqual([place(`demo-1.2.3/${folder}${hook}`)]);
    for (const file of HARMLESS) expect(await inSdist(folder + file), file).toEqual([]);
  });

  test('what lies deeper cannot be judged', async () => {
    for (const path of ['tests/demo.pth', 'src/demo/sitecustomize.py', 'src/src/demo.pth'])
      expect(await inSdist(path)).toEqual([]);
  });
});
