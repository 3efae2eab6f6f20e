import assert from 'node:assert/strict';
import fc from 'fast-check';
import { sharing } from '../../../src/verify/pypi/shared-init.ts';
import { makeNpmTarball, makeSdist, makeTarball, makeZip, wheelEntries } from '../../verify/archives.ts';
import { lookAtSdist, lookAtTarball, lookAtWheel } from '../../verify/looking.ts';
import { type Property, property } from '../property.ts';
import { expectAnswer } from './expected.ts';

// Texts that an archive brings: what is in them again and again takes no time, and what hides in them is seen.

/** The documents that an inspection reads, by what they lie in. */
const DOCUMENTS = {
  tarball: ['package.json', 'npm-shrinkwrap.json', 'node_modules/a/package.json'],
  wheel: [
    'METADATA',
    'WHEEL',
    'RECORD',
    'entry_points.txt',
    'demo/__init__.py',
    'other/__init__.py',
    'x.pth',
  ],
  sdist: ['PKG-INFO', 'pyproject.toml', 'setup.cfg'],
} as const;

type Kind = keyof typeof DOCUMENTS;

/** A text in few words: each piece so many times. It stands alone, or behind what is right. */
interface Slow {
  readonly kind: Kind;
  readonly path: string;
  readonly pieces: readonly (readonly [text: string, times: number])[];
}

const PIECES = [
  ...[
    '"',
    "'",
    '""',
    '"""',
    "'''",
    '\\',
    '\\"',
    '"a",',
    '#',
    '# x\n',
    '\n',
    '\r',
    ' ',
    '\t',
    '\f',
    '=',
    '.',
    'a.',
  ],
  ...[
    '[',
    ']',
    '{',
    '}',
    '{"a":',
    '[{',
    '(',
    '@',
    ':',
    '/',
    ',',
    ';',
    '0',
    '1.',
    '-',
    '_',
    'a',
    'Name: demo\n',
    ' x\n',
  ],
  ...[
    'Requires-Dist: a\n',
    'Tag: py3-none-any\n',
    'demo/__init__.py,sha256=x,1\n',
    '[console_scripts]\n',
    'a = b:c\n',
  ],
  ...[
    'extend_path',
    '__path__ = ',
    'try:\n',
    'npm:a@',
    'git+https://',
    '"dependencies":{',
    '"scripts":{',
    '\u00e9',
    '\0',
  ],
] as const;

const slow: fc.Arbitrary<Slow> = fc.constantFrom<Kind>('tarball', 'wheel', 'sdist').chain((kind) =>
  fc.record({
    kind: fc.constant(kind),
    path: fc.constantFrom<string>(...DOCUMENTS[kind]),
    pieces: fc.array(fc.tuple(fc.constantFrom(...PIECES), fc.constantFrom(1, 2, 300, 50_000)), {
      minLength: 1,
      maxLength: 6,
    }),
  }),
);

const slowTexts = property('slow-texts', 60, slow, async ({ kind, path, pieces }) => {
  const text = pieces.map(([piece, times]) => piece.repeat(times)).join('');
  // So much of one thing is packed to nearly nothing.
  const limits = { maxRatio: Number.POSITIVE_INFINITY };
  const bytes = MAKE[kind](path, text);
  const began = performance.now();
  expectAnswer(await LOOK[kind](bytes, { limits }));
  // Tens of milliseconds are what it takes; the bound is for a machine that does much else.
  assert.ok(performance.now() - began < 5_000, 'it takes too long');
});

const LOOK = { tarball: lookAtTarball, wheel: lookAtWheel, sdist: lookAtSdist };

const MAKE: Readonly<Record<Kind, (path: string, text: string) => Uint8Array>> = {
  tarball: (path, text) =>
    path === 'package.json'
      ? makeTarball({ 'package/package.json': text })
      : makeNpmTarball({ name: 'demo', version: '1.2.3' }, { [path]: text }),
  wheel(path, text) {
    const all = wheelEntries({
      name: 'demo',
      version: '1.2.3',
      files: path.includes('.') ? { [inWheel(path)]: text } : {},
    });
    if (path.includes('.')) return makeZip(all);
    return makeZip(all.map((entry) => (entry.path.endsWith(`/${path}`) ? { ...entry, bytes: text } : entry)));
  },
  sdist: (path, text) => makeSdist({ name: 'demo', version: '1.2.3', files: { [path]: text } }),
};

function inWheel(path: string): string {
  return path.endsWith('.txt') ? `demo-1.2.3.dist-info/${path}` : path;
}

/** Whole statements and comments of an `__init__.py` that shares its folder, in every style that is about. */
const HARMLESS = [
  '# extend_path',
  '# -*- coding: utf-8 -*-',
  '',
  '"""declare_namespace"""',
  "'''\nimport x\n'''",
  'import pkgutil',
  'from pkgutil import extend_path  # type: ignore',
  '__path__ = extend_path(__path__, __name__)',
  "__path__ = __import__('pkgutil').extend_path(__path__, __name__)",
  "__import__('pkg_resources').declare_namespace(__name__)",
  'from __future__ import annotations',
  'pass',
];
/** Each runs code of its own, wherever a statement may stand. */
const WICKED = [
  'import evil',
  'pass; import evil',
  '__path__ = extend_path(evil(), __name__)',
  "__import__('evil').extend_path(__path__, __name__)",
  "'''x'''; import evil",
  '"""x""".join(evil())',
  'from pkgutil import extend_path, evil',
  'try: import evil\nexcept: pass',
  'pass\\\n; import evil',
  'f"""{evil()}"""',
];

/** What lies over another distribution's file of that name may do nothing of its own. */
const sharedFolders = property(
  'shared-folders',
  2_000,
  fc
    .tuple(
      fc.array(fc.constantFrom(...HARMLESS), { maxLength: 5 }),
      fc.constantFrom(...WICKED),
      fc.nat(),
      fc.constantFrom('\n', '\r\n', '\r'),
    )
    .map(([harmless, wicked, at, end]) => ({
      lines: harmless.toSpliced(at % (harmless.length + 1), 0, wicked),
      end,
    })),
  ({ lines, end }) => {
    // Within a docstring that another piece leaves open, nothing is a statement: each piece here is whole.
    assert.notEqual(sharing(lines.join('\n').replaceAll('\n', end)), 'only', 'it does more');
  },
);

export const TEXTS: readonly Property[] = [slowTexts, sharedFolders];
