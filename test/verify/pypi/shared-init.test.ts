import { expect, test } from 'vitest';
import { sharing } from '../../../src/verify/pypi/shared-init.ts';

test.each([
  '',
  '\n# a licence\r\n',
  '# -*- coding: utf-8 -*-\n',
  "__import__('pkg_resources').declare_namespace(__name__)\n",
  '__import__("pkg_resources").declare_namespace(__name__)  # noqa',
  "__path__ = __import__('pkgutil').extend_path(__path__, __name__)",
  'from pkgutil import extend_path\r\n\r\n__path__ = extend_path(__path__, __name__)  # type: ignore\r\n',
  'import pkgutil\n__path__=pkgutil.extend_path(__path__,__name__)',
  `# a licence
"""
    sphinxcontrib: it's a namespace, and import os is only text
"""
try:
    import pkg_resources
    pkg_resources.declare_namespace(__name__)
except ImportError:
    import pkgutil
    __path__ = pkgutil.extend_path(__path__, __name__)
`,
])('%j does nothing but share the folder', (text) => expect(sharing(text)).toBe('only'));

test.each([
  '# extend_path\nimport os\n',
  "__path__ = __import__('pkgutil').extend_path(__path__, __name__); import os",
  "__path__ = __import__('pkgutil').extend_path(__path__, __name__)\\\n; import os",
  '"""declare_namespace"""; import os\n',
  '"""extend_path\\"""\nimport os\n"""',
  'f"""extend_path {__import__("os")}"""',
  '# coding: utf-7\n# extend_path +AAo-import os\n',
  '#!x\n# vim: set fileencoding=cp037 :\n# extend_path',
  "__import__('pkgutil2').extend_path(__path__, __name__)",
])('%j does more', (text) => expect(sharing(text)).toBe('more'));

test.each([
  'x = 1\n',
  '# coding: utf-7\n# +AAo-import os\n',
  '"""text"""\nimport os',
  '"""open',
  'pass; import os',
])('%j shares nothing', (text) => expect(sharing(text)).toBe('no'));

test.each([' ', '\r\n', '#', '"""', '\f', "'''x'''\n", '# x\r\n'])('%j very often takes no time', (piece) => {
  const started = performance.now();
  sharing(`${piece.repeat(64 * 1024)}x`);
  expect(performance.now() - started).toBeLessThan(2_000);
});
