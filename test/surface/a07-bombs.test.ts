import { gzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { allowing, filesBelow, tarballPath } from '../admission/harness.ts';
import {
  gzip,
  makeTar,
  makeTarball,
  makeWheel,
  makeZip,
  type TarEntry,
  wheelEntries,
} from '../verify/archives.ts';
import { heading } from './attacks.ts';
import { server } from './server.ts';

const MIB = 1024 ** 2;
const MANIFEST = { path: 'package/package.json', bytes: JSON.stringify({ name: 'bomb', version: '1.0.0' }) };
const tarOf = (...entries: TarEntry[]) => makeTarball([MANIFEST, ...entries]);

/** A tar whose only file has so many zeros, packed piece by piece: members would be another finding. */
function zeros(mib: number): Buffer {
  const head = makeTar([{ path: 'package/zeros', bytes: '' }]).subarray(0, 512);
  // The size field (POSIX ustar: 12 octal digits at 124) and the checksum (at 148) of the file's header.
  head.write(`${(mib * MIB).toString(8).padStart(11, '0')} `, 124, 'latin1');
  head.write('        ', 148, 'latin1');
  const sum = head.reduce((total, byte) => total + byte, 0);
  head.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 'latin1');
  const first = makeTar([MANIFEST]).subarray(0, -1024);
  return gzipSync(Buffer.concat([first, head, Buffer.alloc(mib * MIB), Buffer.alloc(1024)]), { level: 9 });
}

const BOMBS: [string, () => Uint8Array][] = [
  ['64 MiB of zeros in 64 kB', () => zeros(64)],
  ['a path of 2,000 characters', () => tarOf({ path: `package/${'x/'.repeat(1000)}y`, bytes: '1' })],
  [
    'a long name of a megabyte and more',
    () => tarOf({ path: '././@LongLink', type: 'L', bytes: Buffer.alloc(2 * MIB, 'a') }),
  ],
  ['gzip within gzip', () => gzipSync(gzip(makeTar([MANIFEST])))],
  ['a size that no disk has', () => gzip(claiming('77777777777 '))],
  ['a size in base 256', () => gzip(claiming('\x80\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff'))],
];

/** A tar whose second header declares this size and has no body. */
function claiming(size: string): Buffer {
  const patch = (header: Buffer) => void header.write(size, 124, 12, 'latin1');
  return makeTar([MANIFEST, { path: 'package/x', bytes: '', patch }]);
}

const ZIPS: [string, () => Uint8Array][] = [
  [
    '64 MiB of zeros in a wheel',
    () => makeWheel({ name: 'bomb', version: '1.0.0', files: { 'bomb/z.bin': Buffer.alloc(64 * MIB) } }),
  ],
  [
    'more than its directory says',
    () =>
      makeZip([
        ...wheelEntries({ name: 'bomb', version: '1.0.0' }),
        { path: 'bomb/z.bin', bytes: Buffer.alloc(4 * MIB), central: { size: 10 }, local: { size: 10 } },
      ]),
  ],
  [
    'entries that overlap in one body',
    () => {
      const zip = makeZip(wheelEntries({ name: 'bomb', version: '1.0.0' }));
      // The second central header points to the first local one: the quine of many zip bombs.
      const second = zip.indexOf('PK\x01\x02', zip.indexOf('PK\x01\x02') + 1, 'latin1');
      zip.writeUInt32LE(0, second + 42);
      return zip;
    },
  ],
];

describe(heading('A07'), () => {
  const house = server(
    { policy: allowing(['bomb', 'nested', 'swollen', 'left-pad'], ['bomb']) },
    ({ registry }) => {
      registry.addNpm('left-pad', { '1.3.0': {} });
    },
  );

  /** Asks for it while somebody else asks for something small, who must not wait. */
  async function beside(path: string) {
    const before = process.memoryUsage().rss;
    const [bomb, small] = await Promise.all([house().ask(path), house().ask('/npm/left-pad')]);
    expect(small.status).toBe(200);
    return { bomb, grown: process.memoryUsage().rss - before };
  }

  test.each(BOMBS)('npm: %s', async (_, make) => {
    house().registry.addNpm('bomb', { '1.0.0': { tarball: make() } });
    house().clock.advance(3_600_000);
    const { bomb, grown } = await beside(tarballPath('bomb', '1.0.0'));
    expect([bomb.status, bomb.json.reasons]).toEqual([403, expect.arrayContaining(['ARCHIVE_UNSAFE'])]);
    expect(grown).toBeLessThan(300 * MIB);
  });

  test.each(ZIPS)('PyPI: %s', async (_, make) => {
    const filename = 'bomb-1.0.0-py3-none-any.whl';
    house().registry.addPypi('bomb', [{ filename, bytes: make() }]);
    house().clock.advance(3_600_000);
    const { bomb, grown } = await beside(`/pypi/files/bomb/${filename}`);
    expect([bomb.status, bomb.json.reasons]).toEqual([403, expect.arrayContaining(['ARCHIVE_UNSAFE'])]);
    expect(grown).toBeLessThan(300 * MIB);
  });

  test('an archive within an archive is not opened', async () => {
    const files = { 'inner.tgz': zeros(64) };
    house().registry.addNpm('nested', { '1.0.0': { files } });
    const { bomb, grown } = await beside(tarballPath('nested', '1.0.0'));
    expect(bomb.status).toBe(200);
    expect(grown).toBeLessThan(200 * MIB);
  });

  test('an index that unpacks to half a gigabyte', async () => {
    house().registry.addNpm('swollen', { '2.0.0': {} });
    house().registry.withFault(/swollen$/, { kind: 'huge', bytes: 512 * MIB, gzip: true });
    const { bomb, grown } = await beside('/npm/swollen');
    expect([bomb.status, bomb.json.code]).toEqual([403, 'TOO_LARGE']);
    expect(grown).toBeLessThan(600 * MIB);
  });

  test('nothing of them stays', async () => {
    const left = await filesBelow(house().root);
    expect(left.filter((path) => path.includes('quarantine'))).toEqual([]);
  });
});
