import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { readLicence, readManifestLicence } from '../../src/model/licence.ts';
import { makeNpmTarball, makeSdist, makeTarball, makeWheel, makeZip } from './archives.ts';
import { lookAtSdist, lookAtTarball, lookAtWheel } from './looking.ts';

const demo = { name: 'demo', version: '1.2.3' };
const OSI = 'Classifier: License :: OSI Approved ::';

test.each<[text: string, licence: string | null]>([
  ['MIT', 'MIT'],
  [' MIT ', 'MIT'],
  ['MIT  OR   ISC', 'MIT OR ISC'],
  [
    '(MIT AND ISC) OR GPL-2.0+ WITH Classpath-exception-2.0',
    '(MIT AND ISC) OR GPL-2.0+ WITH Classpath-exception-2.0',
  ],
  ['', null],
  ['  ', null],
  ['mit', 'NOASSERTION'],
  ['Apache 2.0', 'NOASSERTION'],
  ['UNLICENSED', 'NOASSERTION'],
  ['SEE LICENSE IN LICENSE.md', 'NOASSERTION'],
  ['MIT\u001b[31m', 'NOASSERTION'],
  ['Permission is hereby granted', 'NOASSERTION'],
  ['('.repeat(400), 'NOASSERTION'],
  [`MIT${' OR MIT'.repeat(100)}`, 'NOASSERTION'],
])('%j is %j', (text, licence) => {
  expect(readLicence(text)).toBe(licence);
  expect(readLicence(text)).toBe(licence);
});

describe('npm manifests', () => {
  const cases: [manifest: Record<string, unknown>, licence: string | null][] = [
    [{}, null],
    [{ license: '' }, null],
    [{ license: null }, null],
    [{ license: 'MIT' }, 'MIT'],
    [{ license: '(MIT OR Apache-2.0)' }, '(MIT OR Apache-2.0)'],
    [{ license: 'SEE LICENSE IN LICENSE' }, 'NOASSERTION'],
    [{ license: 'UNLICENSED' }, 'NOASSERTION'],
    [{ license: { type: 'ISC', url: 'https://host.example' } }, 'ISC'],
    [{ license: { type: ['ISC'] } }, 'NOASSERTION'],
    [{ license: {} }, 'NOASSERTION'],
    [{ license: 7 }, 'NOASSERTION'],
    [{ license: false }, 'NOASSERTION'],
    [{ licenses: [{ type: 'MIT' }, { type: 'Apache-2.0' }] }, 'MIT OR Apache-2.0'],
    [{ licenses: [{ type: 'MIT' }, { type: 'MIT' }] }, 'MIT'],
    [{ licenses: ['MIT', 'ISC AND Zlib'] }, 'MIT OR (ISC AND Zlib)'],
    [{ licenses: [{ type: 'MIT' }, { type: 'my own' }] }, 'NOASSERTION'],
    [{ licenses: [null] }, 'NOASSERTION'],
    [{ licenses: [] }, null],
    [{ licenses: { type: 'MIT' } }, 'MIT'],
    [{ licenses: Array.from({ length: 100_000 }, () => 'MIT') }, 'MIT'],
    [
      {
        licenses: [
          'MIT',
          'ISC',
          'Zlib',
          '0BSD',
          'X11',
          'NCSA',
          'PSF-2.0',
          'W3C',
          'HPND',
          'AFL-3.0',
          'CC0-1.0',
          'MIT-0',
          'MPL-2.0',
          'MPL-1.1',
          'EPL-2.0',
          'BSL-1.0',
          'Unlicense',
        ],
      },
      'NOASSERTION',
    ],
    // `license` is what clients read.
    [{ license: 'MIT', licenses: [{ type: 'ISC' }] }, 'MIT'],
    [{ license: 'my own', licenses: [{ type: 'ISC' }] }, 'NOASSERTION'],
  ];
  test.each(cases)('%j', async (manifest, licence) => {
    expect(readManifestLicence(manifest['license'], manifest['licenses'])).toBe(licence);
    expect((await lookAtTarball(makeNpmTarball({ ...demo, ...manifest }))).licence).toBe(licence);
  });

  test('a bundled package says nothing of the one that it lies in', async () => {
    const bundled = { 'node_modules/a/package.json': '{"license":"ISC"}' };
    expect((await lookAtTarball(makeNpmTarball(demo, bundled))).licence).toBeNull();
  });

  test('an inherited `type` is none', () => {
    expect(readManifestLicence(Object.create({ type: 'MIT' }), undefined)).toBe('NOASSERTION');
  });
});

describe('core metadata', () => {
  const cases: [metadata: string, licence: string | null][] = [
    ['', null],
    ['License: UNKNOWN\n', null],
    ['License:\n', null],
    ['License-Expression: MIT AND (Apache-2.0 OR BSD-2-Clause)\n', 'MIT AND (Apache-2.0 OR BSD-2-Clause)'],
    ['license-expression: MIT\nLicense: ISC\n', 'MIT'],
    [`License-Expression: my own\nLicense: MIT\n${OSI} MIT License\n`, 'NOASSERTION'],
    ['License-Expression: MIT\nLicense-Expression: ISC\n', 'NOASSERTION'],
    [`License-Expression:\nLicense: MIT\n`, 'NOASSERTION'],
    ['License: MIT\n', 'MIT'],
    [`License: BSD-3-Clause\n${OSI} BSD License\n`, 'BSD-3-Clause'],
    ['License: MIT\nLicense: GPL-3.0-only\n', 'NOASSERTION'],
    ['License: Permission is hereby granted,\n  free of charge\n', 'NOASSERTION'],
    [`License: Apache 2.0\n${OSI} Apache Software License\n`, 'Apache-2.0'],
    [`License: UNKNOWN\n${OSI} MIT License\n`, 'MIT'],
    [`${OSI} MIT License\nClassifier: License :: OSI Approved\n`, 'MIT'],
    ['Classifier: License :: OSI Approved\n', 'NOASSERTION'],
    [`${OSI} ISC License (ISCL)\n`, 'ISC'],
    [`${OSI} Mozilla Public License 2.0 (MPL 2.0)\n`, 'MPL-2.0'],
    [`${OSI} Python Software Foundation License\n`, 'Python-2.0'],
    [`${OSI} The Unlicense (Unlicense)\n`, 'Unlicense'],
    [`${OSI} zlib/libpng License\n`, 'Zlib'],
    [`${OSI} GNU General Public License v2 (GPLv2)\n`, 'GPL-2.0-only'],
    [`${OSI} GNU General Public License v2 or later (GPLv2+)\n`, 'GPL-2.0-or-later'],
    [`${OSI} GNU Lesser General Public License v3 or later (LGPLv3+)\n`, 'LGPL-3.0-or-later'],
    [`${OSI} GNU Affero General Public License v3\n`, 'AGPL-3.0-only'],
    [`${OSI} GNU General Public License (GPL)\n`, 'NOASSERTION'],
    [`${OSI} BSD License\n`, 'NOASSERTION'],
    [`${OSI} MIT License\n${OSI} BSD License\n`, 'NOASSERTION'],
    [`${OSI} MIT License\n${OSI} Apache Software License\n${OSI} MIT License\n`, 'MIT AND Apache-2.0'],
    ['Classifier: License :: CC0 1.0 Universal (CC0 1.0) Public Domain Dedication\n', 'CC0-1.0'],
    ['Classifier: License :: Other/Proprietary License\n', 'NOASSERTION'],
    ['Classifier: License :: toString\n', 'NOASSERTION'],
    ['Classifier: Programming Language :: Python\n', null],
    // Of the description, after the first empty line, nothing counts.
    ['\nLicense-Expression: MIT\n', null],
  ];
  test.each(cases)('%j: %j', async (metadata, licence) => {
    expect((await lookAtWheel(makeWheel({ ...demo, metadata }))).licence).toBe(licence);
    expect((await lookAtSdist(makeSdist({ ...demo, metadata }))).licence).toBe(licence);
  });

  test('every classifier that is mapped means an SPDX licence', async () => {
    const { CLASSIFIED } = await import('../../src/verify/pypi/licence.ts');
    expect(CLASSIFIED.size).toBeGreaterThan(30);
    for (const [classifier, id] of CLASSIFIED) expect(readLicence(id), classifier).toBe(id);
  });
});

test('metadata of any bytes: an inspection, and a licence of the grammar, or none', async () => {
  const bytes = fc.oneof(
    fc.uint8Array({ maxLength: 300 }),
    fc
      .array(
        fc.oneof(
          fc.constantFrom(
            'License: ',
            'License-Expression: ',
            'Classifier: License :: ',
            'Name: demo',
            '\n',
            ' ',
            'MIT',
            '(',
            ' OR ',
            '"license":',
            '{',
            '[',
            '"',
          ),
          fc.string({ unit: 'binary' }),
        ),
        { maxLength: 30 },
      )
      .map((parts) => Buffer.from(parts.join(''))),
  );
  await fc.assert(
    fc.asyncProperty(bytes, async (document) => {
      const info = 'demo-1.2.3.dist-info';
      const seen = [
        await lookAtWheel(
          makeZip([{ path: `${info}/METADATA`, bytes: document }, { path: `${info}/WHEEL` }]),
        ),
        await lookAtSdist(makeTarball({ 'demo-1.2.3/PKG-INFO': document })),
        await lookAtTarball(makeTarball({ 'package/package.json': document })),
      ];
      for (const { licence } of seen)
        if (licence !== null) expect(licence).toMatch(/^[A-Za-z0-9.+:() -]{1,500}$/);
    }),
    { numRuns: 300 },
  );
});
