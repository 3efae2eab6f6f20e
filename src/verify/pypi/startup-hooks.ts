import { type ArchivePath, folded } from '../archive/path.ts';
import { withoutCaches } from './caches.ts';

/**
 * Modules that are imported though nobody asked for them, where they are: by `site` at every start; by the `.pth` that
 * setuptools (`_distutils_hack`), virtualenv and uv (`_virtualenv`) put into an environment; by the `sitecustomize` of some
 * systems (`apport_python_hook`); by installers, to learn which wheels fit (`_manylinux`, PEP 513).
 */
const NAMES = 'sitecustomize|usercustomize|_distutils_hack|_virtualenv|apport_python_hook|_manylinux';

/** One of them in any form that imports: `sitecustomize.py`, `.pyc`, `sitecustomize.cpython-313-x86_64-linux-gnu.so`, … */
const MODULE = new RegExp(`^(?:${NAMES})(?:\\.[^/]*)?\\.(?:py|pyw|pyc|pyo|so|pyd|dll)$`);
const PACKAGE = new RegExp(`^(?:${NAMES})$`);
const PACKAGE_MODULE = /^__init__(?:\.[^/]*)?\.(?:py|pyw|pyc|pyo|so|pyd|dll)$/;

/**
 * Files that `site` reads at every start, in each of the folders for packages. `.pth`: a line that begins with `import` is
 * run; any other is a folder that is added to `sys.path`, where it may be one that holds a `sitecustomize`, or modules
 * in place of others. So a `.pth` of plain paths is a hook as well. `.start`: functions that are called (PEP 829, from
 * Python 3.15 on).
 */
const STARTUP_FILE = /\.(?:pth|start)$/;

/** Whether Python runs this file at every start, if it lies there in a folder for packages. Segments are folded. */
function isHook(segments: readonly string[]): boolean {
  const [first = '', second, ...rest] = withoutCaches(segments);
  if (second === undefined) return STARTUP_FILE.test(first) || MODULE.test(first);
  return rest.length === 0 && PACKAGE.test(first) && PACKAGE_MODULE.test(second);
}

/** Folders for packages below an installation's root, in all layouts: `lib/python3.13/site-packages`, `Lib/site-packages`. */
const SITE_FOLDER = /^(?:site|dist)-packages$/;

/** Folders of Python's own library, which come before those: `lib/python3.13`, `Lib`. */
const LIBRARY_FOLDER = /^(?:lib|lib64|(?:python|pypy)[0-9.]*t?|lib-dynload)$/;

/**
 * Whether a wheel's file is one that Python runs at every start, once it is installed (PEP 427, "the .data directory"):
 * from the wheel's root and `….data/purelib` and `platlib` to the folder for packages, from `….data/data` to the root
 * of the installation. What `….data/scripts` holds only runs when it is called, unless it is Python itself.
 */
export function isWheelHook(path: ArchivePath): boolean {
  const segments = path.segments.map(folded);
  const [top = '', scheme, ...rest] = segments;
  if (!top.endsWith('.data') || scheme === undefined || rest.length === 0) return isHook(segments);
  if (scheme === 'purelib' || scheme === 'platlib') return isHook(rest);
  if (scheme === 'scripts') return isInterpreter(rest);
  return scheme === 'data' && isDataHook(rest);
}

/**
 * Python itself, its library (`libpython3.13.so.1.0`, `python313.dll`), and `python313._pth` beside it, which says in place of
 * all else where modules are (Windows).
 */
const INTERPRETER =
  /^(?:(?:python|pypy)w?[0-9.]*t?(?:\.exe)?|(?:lib)?(?:python|pypy)[0-9.]*t?(?:-c)?\.(?:so|dylib|dll)[0-9.]*|.*\._pth)$/;

/** Folders below an installation's root where Python and its library lie. */
const INTERPRETER_FOLDER = /^(?:bin|scripts|lib|lib64)$/;

function isInterpreter([file = '', ...others]: readonly string[]): boolean {
  return others.length === 0 && INTERPRETER.test(file);
}

/** Modules, where C libraries may lie beside them, and where only modules do. */
const PURE_MODULE = /\.(?:py|pyw|pyc|pyo|pyd)$/;
const ANY_MODULE = /\.(?:py|pyw|pyc|pyo|pyd|so|dll)$/;

/**
 * Whether a file lies among the modules of Python's own library, below an installation's root: `site`, `codecs` and
 * others are read at every start, and whatever is there is found before any package. So is `lib/python313.zip`.
 */
function isOfLibrary(segments: readonly string[]): boolean {
  if (segments.length < 2 || segments.some((folder) => SITE_FOLDER.test(folder))) return false;
  const [top = '', second = ''] = segments;
  const file = segments.at(-1) ?? '';
  if (top === 'dlls') return ANY_MODULE.test(file);
  if (top !== 'lib' && top !== 'lib64') return false;
  if (segments.length === 2 && /^python[0-9]+t?\.zip$/.test(file)) return true;
  return (segments.length > 2 && LIBRARY_FOLDER.test(second) ? ANY_MODULE : PURE_MODULE).test(file);
}

function isDataHook(segments: readonly string[]): boolean {
  // It names the Python whose library is used.
  if (segments.length === 1 && segments[0] === 'pyvenv.cfg') return true;
  if (isOfLibrary(segments)) return true;
  const [folder = ''] = segments;
  if (isInterpreter(INTERPRETER_FOLDER.test(folder) ? segments.slice(1) : segments)) return true;
  return segments.some((folder, i) => {
    const rest = segments.slice(i + 1);
    if (SITE_FOLDER.test(folder)) return isHook(rest);
    return LIBRARY_FOLDER.test(folder) && isHook(rest) && !STARTUP_FILE.test(rest.at(-1) ?? '');
  });
}

/**
 * The same for a source distribution, where only a build shows what is installed: files that lie where modules of the
 * root lie, in its top folder or in `src`.
 */
export function isSdistHook(path: ArchivePath): boolean {
  const segments = path.segments.slice(1).map(folded);
  return isHook(segments) || (segments[0] === 'src' && isHook(segments.slice(1)));
}
