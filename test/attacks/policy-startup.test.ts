import { expect, test } from 'vitest';
import { makeWheel } from '../verify/archives.ts';
import { codes, lookAtWheel } from '../verify/looking.ts';

// What a wheel may put where Python itself looks at every start, without the name of a hook.

const DATA = 'demo-1.2.3.data';
const look = (path: string) =>
  codes(lookAtWheel(makeWheel({ name: 'demo', version: '1.2.3', files: { [`${DATA}/${path}`]: '' } })));

test.each([
  // Modules of Python's own library: `site` and `codecs` are read before anything else.
  'data/lib/python3.13/site.py',
  'data/lib/python3.13/encodings/__init__.py',
  'data/lib64/python3.13/codecs.pyc',
  'data/lib/python3.13/lib-dynload/_json.cpython-313-x86_64-linux-gnu.so',
  'data/lib/pypy3.10/os.py',
  'data/Lib/site.py',
  'data/LIB/Encodings/utf_8.py',
  'data/DLLs/_socket.pyd',
  // Before the library on `sys.path`.
  'data/lib/python313.zip',
  // In place of `sys.path`.
  'data/python313._pth',
  'scripts/python._pth',
  // In place of Python.
  'scripts/python',
  'scripts/python3',
  'scripts/python3.13',
  'scripts/Python.exe',
  'data/bin/python3',
  'data/Scripts/pythonw.exe',
  'scripts/pypy3',
])('%s runs at every start', async (path) => expect(await look(path)).toContain('STARTUP_HOOK'));

test.each([
  'data/lib/python3.13/site-packages/demo/site.py',
  'data/lib/python3.13/demo.txt',
  'data/lib/libdemo.so',
  'data/lib/pkgconfig/demo.pc',
  'data/share/doc/python/example.py',
  'data/share/demo/lib/demo.py',
  'data/etc/python3',
  'data/demo.zip',
  'scripts/python-demo',
  'scripts/demo.py',
  'scripts/ipython3',
  'purelib/site.py',
])('nothing runs %s', async (path) => expect(await look(path)).toEqual([]));
