import { stat } from 'node:fs/promises';
import { describe, expect, test } from 'vitest';
import { allowing, filesBelow, tarballPath } from '../admission/harness.ts';
import {
  makeTarball,
  makeZip,
  paxRecords,
  type TarEntry,
  wheelEntries,
  type ZipEntry,
} from '../verify/archives.ts';
import { heading } from './attacks.ts';
import { server } from './server.ts';

const MARK = '/tmp/sallyport-escaped';
const MANIFEST = { path: 'package/package.json', bytes: JSON.stringify({ name: 'out', version: '1.0.0' }) };
const EVIL = { bytes: 'escaped' };

const TARS: [string, readonly TarEntry[]][] = [
  ['a path that climbs', [{ path: `package/../../../../../..${MARK}`, ...EVIL }]],
  ['an absolute path', [{ path: MARK, ...EVIL }]],
  ['two slashes at its start', [{ path: `/${MARK}`, ...EVIL }]],
  ['a drive', [{ path: 'C:\\Windows\\x', ...EVIL }]],
  ['backslashes', [{ path: `package\\..\\..\\..${MARK}`, ...EVIL }]],
  [
    'a NUL',
    [{ path: `package/a\0/../../..${MARK}`, ...EVIL, patch: (h) => void h.write('package/a\0../..', 0) }],
  ],
  [
    'a link and a file through it (CVE-2026-23745)',
    [
      { path: 'package/link', type: '2', link: '/tmp' },
      { path: 'package/link/sallyport-escaped', ...EVIL },
    ],
  ],
  ['a hard link to outside', [{ path: 'package/hard', type: '1', link: '../../../../etc/passwd' }]],
  ['a hard link within', [{ path: 'package/hard', type: '1', link: 'package/package.json' }]],
  ['a link within', [{ path: 'package/soft', type: '2', link: 'package.json' }]],
  ['a character device', [{ path: 'package/dev', type: '3' }]],
  ['a block device', [{ path: 'package/dev', type: '4' }]],
  ['a pipe', [{ path: 'package/fifo', type: '6' }]],
  [
    'a pax path that climbs',
    [
      { path: 'PaxHeader/x', type: 'x', bytes: paxRecords([['path', `../../../../..${MARK}`]]) },
      { path: 'package/x', ...EVIL },
    ],
  ],
  [
    'a pax link path',
    [
      { path: 'PaxHeader/x', type: 'x', bytes: paxRecords([['linkpath', '/etc/passwd']]) },
      { path: 'package/x', type: '2', link: 'y' },
    ],
  ],
  [
    'a GNU long name that climbs',
    [
      { path: '././@LongLink', type: 'L', bytes: `../../../../..${MARK}\0` },
      { path: 'package/x', ...EVIL },
    ],
  ],
  [
    'the same path twice',
    [
      { path: 'package/x', bytes: '1' },
      { path: 'package/x', bytes: '2' },
    ],
  ],
  [
    'the same path in another case',
    [
      { path: 'package/X.js', bytes: '1' },
      { path: 'package/x.js', bytes: '2' },
    ],
  ],
];

const ZIPS: [string, readonly ZipEntry[]][] = [
  ['a path that climbs', [{ path: `../../../../..${MARK}`, ...EVIL }]],
  ['one of .data that climbs', [{ path: `out-1.0.0.data/data/../../../..${MARK}`, ...EVIL }]],
  ['an absolute path', [{ path: MARK, ...EVIL }]],
  ['backslashes', [{ path: `..\\..\\..${MARK}`, ...EVIL }]],
  ['a link (CVE-2025-8869)', [{ path: 'out/link', bytes: '/etc/passwd', mode: 0o120777 }]],
  ['a device', [{ path: 'out/dev', bytes: '', mode: 0o020666 }]],
  ['another path in its local header', [{ path: 'out/x.py', ...EVIL, local: { path: '../evil' } }]],
];

describe(heading('A08'), () => {
  const house = server({ policy: allowing(['out'], ['out']) });

  async function judge(path: string) {
    const answer = await house().ask(path);
    await expect(stat(MARK)).rejects.toThrow('ENOENT');
    for (const file of await filesBelow(house().root)) expect(file).not.toMatch(/escaped|evil|fifo|link$/);
    return [answer.status, answer.json.reasons];
  }

  test.each(TARS)('npm: %s', async (name, entries) => {
    const tarball = makeTarball([MANIFEST, ...entries]);
    house().registry.addNpm('out', { '1.0.0': { tarball } });
    house().clock.advance(3_600_000);
    expect([name, await judge(tarballPath('out', '1.0.0'))]).toEqual([
      name,
      [403, expect.arrayContaining(['ARCHIVE_UNSAFE'])],
    ]);
  });

  test.each(ZIPS)('wheel: %s', async (_, entries) => {
    const filename = 'out-1.0.0-py3-none-any.whl';
    const bytes = makeZip([...wheelEntries({ name: 'out', version: '1.0.0' }), ...entries]);
    house().registry.addPypi('out', [{ filename, bytes }]);
    house().clock.advance(3_600_000);
    expect(await judge(`/pypi/files/out/${filename}`)).toEqual([
      403,
      expect.arrayContaining(['ARCHIVE_UNSAFE']),
    ]);
  });

  test('the positive control: the same archives without it are served', async () => {
    house().registry.addNpm('out', { '2.0.0': {} });
    house().registry.addPypi('out', [{ filename: 'out-2.0.0-py3-none-any.whl' }]);
    house().clock.advance(3_600_000);
    expect((await house().ask(tarballPath('out', '2.0.0'))).status).toBe(200);
    expect((await house().ask('/pypi/files/out/out-2.0.0-py3-none-any.whl')).status).toBe(200);
  });
});
