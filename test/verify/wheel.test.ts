import { describe, expect, test } from 'vitest';
import {
  makeMetadata,
  makeWheel,
  makeZip,
  recorded,
  wheelEntries,
  type ZipEntry,
  type ZipOptions,
} from './archives.ts';
import { codes, lookAtWheel, UNSAFE, whyUnsafe } from './looking.ts';

const demo = { name: 'demo', version: '1.2.3' };
const INFO = 'demo-1.2.3.dist-info';

function withEntries(...entries: ZipEntry[]): Uint8Array {
  return makeZip(recorded([...wheelEntries(demo), ...entries]));
}

function zip(options: ZipOptions): Uint8Array {
  return makeZip(wheelEntries(demo), options);
}

const whole = makeWheel(demo);
const descriptors = wheelEntries(demo).map((entry) => ({ ...entry, dataDescriptor: true }));

describe('refused as an archive', () => {
  const cases: [what: string, bytes: Uint8Array][] = [
    ['nothing', new Uint8Array()],
    ['text', Buffer.from('<html>not found, and some more of it</html>')],
    ['a byte before the archive', Buffer.concat([Buffer.from('x'), whole])],
    ['a byte after the archive', Buffer.concat([whole, Buffer.from('x')])],
    ['a comment', zip({ comment: 'x' })],
    ['a second archive inside the comment', zip({ comment: makeWheel(demo).toString() })],
    ['another archive before this one', Buffer.concat([whole, whole])],
    ['bytes before the directory', zip({ gap: Buffer.from('x') })],
    ['an entry of which the directory knows nothing', zip({ gap: makeZip([{ path: 'a' }]).subarray(0, 33) })],
    [
      'a ZIP64 locator',
      Buffer.concat([
        whole.subarray(0, -22),
        Buffer.from('PK\x06\x07'.padEnd(20, '\0')),
        whole.subarray(-22),
      ]),
    ],
    ['ZIP64 counts', patched((end) => end.writeUInt32LE(0xffff_ffff, 8))],
    ['another count of entries', patched((end) => end.writeUInt32LE(0x0003_0003, 8))],
    ['more entries than the directory', patched((end) => end.writeUInt32LE(0x0005_0005, 8))],
    ['a second disk', patched((end) => end.writeUInt16LE(1, 4))],
    ['a directory in another place', patched((end) => end.writeUInt32LE(end.readUInt32LE(16) - 1, 16))],
    ['two entries of one name', withEntries({ path: 'demo/a' }, { path: 'demo/a', bytes: 'x' })],
    ['two METADATA', withEntries({ path: `${INFO}/METADATA`, bytes: 'x' })],
    ['a file and a folder of one name', withEntries({ path: 'demo/a' }, { path: 'demo/a/', mode: 0o040755 })],
    ['a METADATA in other case', withEntries({ path: `${INFO}/metadata`, bytes: 'x' })],
    ['an absolute path', withEntries({ path: '/etc/passwd' })],
    ['a path that leaves', withEntries({ path: 'demo/../../a' })],
    ['a backslash', withEntries({ path: 'demo\\..\\..\\a' })],
    ['NUL in a path', withEntries({ path: 'demo/a\0.py' })],
    ['an empty path', withEntries({ path: '' })],
    ['an empty segment', withEntries({ path: 'demo//a' })],
    ['a path that is too long', withEntries({ path: `demo/${'a'.repeat(2000)}` })],
    ['a symbolic link', withEntries({ path: 'demo/a', bytes: '/etc/passwd', mode: 0o120777 })],
    ['a device', withEntries({ path: 'demo/a', mode: 0o020666 })],
    ['a folder that says it is a file', withEntries({ path: 'demo/a/', mode: 0o100644 })],
    ['a folder with a body', withEntries({ path: 'demo/a/', bytes: 'x', mode: 0 })],
    ['encryption', withEntries({ path: 'demo/a', flags: 1 })],
    ['strong encryption', withEntries({ path: 'demo/a', flags: 0x40 })],
    ['hidden headers', withEntries({ path: 'demo/a', flags: 0x2000 })],
    ['an unknown compression', withEntries({ path: 'demo/a', method: 12 })],
    [
      'a stored entry of two sizes',
      withEntries({ path: 'demo/a', bytes: 'abc', store: true, central: { size: 2 } }),
    ],
    ['another name in the local header', withEntries({ path: 'demo/a', local: { path: 'demo/b' } })],
    ['a longer name in the local header', withEntries({ path: 'demo/a', local: { path: 'demo/abc' } })],
    ['another size in the local header', withEntries({ path: 'demo/a', bytes: 'abc', local: { size: 2 } })],
    [
      'another method in the local header',
      withEntries({ path: 'demo/a', bytes: 'abc', local: { method: 0 } }),
    ],
    ['another checksum in the directory', withEntries({ path: 'demo/a', bytes: 'abc', central: { crc: 1 } })],
    [
      'another checksum than in the data descriptor',
      withEntries({ path: 'demo/a', bytes: 'abc', dataDescriptor: true, central: { crc: 1 } }),
    ],
    [
      'stored data with a data descriptor',
      withEntries({ path: 'demo/a', bytes: 'abc', dataDescriptor: true, store: true }),
    ],
    [
      'a second name in an extra field',
      withEntries({ path: 'demo/a', extra: Buffer.from('\x75\x70\x01\x00x', 'latin1') }),
    ],
    [
      'a broken extra field',
      withEntries({ path: 'demo/a', extra: Buffer.from('\x55\x54\x09\x00x', 'latin1') }),
    ],
    ['METADATA that does not unpack', makeZip(replaced('METADATA', { method: 8, store: true }))],
    [
      'METADATA with a wrong checksum',
      flipped(makeZip(replaced('METADATA', { store: true })), 'Metadata-Version'),
    ],
    ['METADATA longer than it says', longer()],
  ];
  test.each(cases)('%s', async (_, bytes) => {
    expect(await lookAtWheel(bytes)).toMatchObject(UNSAFE);
  });

  test('each for its own reason', async () => {
    const why: string[] = [];
    for (const [what, bytes] of cases) why.push(`${what}: ${await whyUnsafe(bytes, 'wheel')}`);
    expect(why).toMatchInlineSnapshot(`
      [
        "nothing: too short for a zip",
        "text: no end record at the end of the zip",
        "a byte before the archive: zip directory in another place",
        "a byte after the archive: no end record at the end of the zip",
        "a comment: no end record at the end of the zip",
        "a second archive inside the comment: zip directory in another place",
        "another archive before this one: zip directory in another place",
        "bytes before the directory: bytes before the zip directory",
        "an entry of which the directory knows nothing: bytes before the zip directory",
        "a ZIP64 locator: ZIP64 directory",
        "ZIP64 counts: ZIP64 directory",
        "another count of entries: zip directory of another length",
        "more entries than the directory: zip directory of another length",
        "a second disk: zip on several disks",
        "a directory in another place: zip directory in another place",
        "two entries of one name: two entries of one name",
        "two METADATA: two entries of one name",
        "a file and a folder of one name: two entries of one name",
        "a METADATA in other case: second METADATA",
        "an absolute path: absolute path",
        "a path that leaves: path that leaves its folder",
        "a backslash: backslash in a path",
        "NUL in a path: NUL in a path",
        "an empty path: ambiguous path",
        "an empty segment: ambiguous path",
        "a path that is too long: path too long",
        "a symbolic link: link or device",
        "a device: link or device",
        "a folder that says it is a file: link or device",
        "a folder with a body: folder with a body",
        "encryption: encrypted or patched entry",
        "strong encryption: encrypted or patched entry",
        "hidden headers: encrypted or patched entry",
        "an unknown compression: unknown compression",
        "a stored entry of two sizes: stored entry of two sizes",
        "another name in the local header: entry described in two ways",
        "a longer name in the local header: entry described in two ways",
        "another size in the local header: entry described in two ways",
        "another method in the local header: entry described in two ways",
        "another checksum in the directory: entry described in two ways",
        "another checksum than in the data descriptor: entry described in two ways",
        "stored data with a data descriptor: entry described in two ways",
        "a second name in an extra field: entry with a second name",
        "a broken extra field: broken extra field",
        "METADATA that does not unpack: broken compressed data",
        "METADATA with a wrong checksum: wrong length or checksum",
        "METADATA longer than it says: wrong length or checksum",
      ]
    `);
  });

  test('cut off anywhere', async () => {
    for (let length = 0; length < whole.length; length++) {
      expect(await lookAtWheel(whole.subarray(0, length))).toMatchObject(UNSAFE);
    }
  });

  test('beyond a limit', async () => {
    const big = withEntries({ path: 'demo/a', bytes: Buffer.alloc(20 * 1024 ** 2) });
    expect(await lookAtWheel(big)).toMatchObject(UNSAFE);
    expect(await codes(lookAtWheel(big, { limits: { maxRatio: 2000 } }))).toEqual([]);
    expect(await lookAtWheel(big, { limits: { maxRatio: 2000, maxUnpacked: 1000 } })).toMatchObject(UNSAFE);
    expect(await lookAtWheel(whole, { limits: { maxEntries: 3 } })).toMatchObject(UNSAFE);
    expect(await lookAtWheel(whole, { limits: { maxDocument: 10 } })).toMatchObject(UNSAFE);
  });
});

describe('read as installers read it', () => {
  test.each<[string, Uint8Array]>([
    ['a plain wheel', whole],
    ['stored entries', makeZip(wheelEntries(demo).map((entry) => ({ ...entry, store: true })))],
    ['data descriptors', makeZip(descriptors)],
    [
      'folders, and modes of zero',
      withEntries({ path: 'demo/x/', mode: 0o040755, store: true }, { path: 'demo/y', mode: 0 }),
    ],
    ['a name that is not ASCII', withEntries({ path: 'demo/ä.py' })],
    [
      'an extra field with times',
      withEntries({ path: 'demo/a', extra: Buffer.from('\x55\x54\x01\x00x', 'latin1') }),
    ],
    [
      'a vendored distribution deeper inside',
      withEntries({ path: 'demo/_vendor/other-1.dist-info/METADATA', bytes: 'x' }),
    ],
  ])('%s', async (_, bytes) => {
    const inspection = await lookAtWheel(bytes);
    expect(inspection.findings).toEqual([]);
    expect(Buffer.from(inspection.metadata ?? []).toString()).toBe(makeMetadata(demo));
  });
});

describe('METADATA', () => {
  const without = (name: string) =>
    makeZip(recorded(wheelEntries(demo).filter((entry) => !entry.path.endsWith(`/${name}`))));
  const renamed = (info: string) =>
    makeZip(
      recorded(wheelEntries(demo).map((entry) => ({ ...entry, path: entry.path.replace(INFO, info) }))),
    );
  test.each<[string, Uint8Array]>([
    ['none', without('METADATA')],
    ['no WHEEL', without('WHEEL')],
    ['no .dist-info at all', makeZip([{ path: 'demo/__init__.py' }])],
    ['an empty zip', makeZip([])],
    ['two .dist-info folders', withEntries({ path: 'other-1.0.dist-info/METADATA', bytes: 'x' })],
    ['a .dist-info of another name', renamed('other-1.2.3.dist-info')],
    ['a .dist-info of another version', renamed('demo-1.2.4.dist-info')],
    ['a .dist-info without a version', renamed('demo.dist-info')],
    ['a .DIST-INFO', renamed('demo-1.2.3.DIST-INFO')],
    [
      'a folder called METADATA',
      makeZip(replaced('METADATA', { path: `${INFO}/METADATA/`, bytes: '', mode: 0 })),
    ],
    ['another name', wheel('Metadata-Version: 2.1\nName: other\nVersion: 1.2.3\n')],
    ['another version', wheel('Metadata-Version: 2.1\nName: demo\nVersion: 1.2.4\n')],
    ['no name', wheel('Metadata-Version: 2.1\nVersion: 1.2.3\n')],
    ['two names', wheel('Metadata-Version: 2.1\nName: demo\nName: other\nVersion: 1.2.3\n')],
    [
      'two versions, one after a bare carriage return',
      wheel('Metadata-Version: 2.1\nName: demo\nVersion: 1.2.3\nSummary: a\rVersion: 9\n'),
    ],
    ['a name in the body only', wheel('Metadata-Version: 2.1\nVersion: 1.2.3\n\nName: demo\n')],
    ['an empty first line', wheel('Metadata-Version: 2.1'.replace('M', '\nM'), 'raw')],
  ])('%s', async (_, bytes) => {
    expect(await codes(lookAtWheel(bytes))).toContain('METADATA_MISMATCH');
  });

  test.each<[string, string, string]>([
    ['Flask_SQLAlchemy', '1.2.3', 'flask-sqlalchemy'],
    ['zope.interface', '1.2.3', 'zope-interface'],
    ['demo', '1.02.3.0', 'demo'],
    ['demo', 'v1.2.3', 'demo'],
  ])('%s %s is %s 1.2.3', async (name, version, expected) => {
    expect(await codes(lookAtWheel(makeWheel({ name, version }), { name: expected }))).toEqual([]);
  });

  test('a local version that is written with an underscore in the folder', async () => {
    const bytes = makeZip(
      recorded(
        wheelEntries({ name: 'demo', version: '1.2.3+cu118' }).map((entry) => ({
          ...entry,
          path: entry.path.replace('+cu', '_cu'),
        })),
      ),
    );
    expect(await codes(lookAtWheel(bytes, { version: '1.2.3+cu118' }))).toEqual([]);
  });

  test('what is no version of PEP 440 must be the very same text', async () => {
    const bytes = makeWheel({ name: 'demo', version: '2004d' });
    expect(await codes(lookAtWheel(bytes, { version: '2004d' }))).toEqual([]);
    expect(await codes(lookAtWheel(bytes, { version: '2004e' }))).toEqual(['METADATA_MISMATCH']);
  });

  test.each([
    'Requires-Dist: other @ https://host.example/other.whl',
    'Requires-Dist: other@https://host.example/other.whl',
    'requires-dist : other @ file:///tmp/other',
    'Requires-Dist: other[extra] @ git+https://host.example/other.git ; python_version > "3"',
    'Requires-Dist: other\n @ https://host.example/other.whl',
    'Requires-Dist: other (https://host.example/other.whl)',
    'Requires-Dist: fine>=1\nRequires-Dist: other @ https://host.example/other.whl',
    'this line is no header\nRequires-Dist: other @ https://host.example/other.whl',
    'Summary: x\rRequires-Dist: other @ https://host.example/other.whl',
  ])('%j leads away', async (line) => {
    expect(await codes(lookAtWheel(makeWheel({ ...demo, metadata: `${line}\n` })))).toEqual(['DIRECT_URL']);
  });

  test.each([
    'Requires-Dist: other (>=1.0,!=1.5) ; extra == "x"',
    'Requires-Dist: other[a,b]~=1.0',
    'Home-page: https://host.example/\nAuthor-email: a@host.example',
    'Description: x\n\nRequires-Dist: other @ https://host.example/other.whl',
  ])('%j does not', async (line) => {
    expect(await codes(lookAtWheel(makeWheel({ ...demo, metadata: `${line}\n` })))).toEqual([]);
  });

  test('carriage returns are line ends', async () => {
    const text = 'Metadata-Version: 2.1\r\nName: demo\r\nVersion: 1.2.3\r\n\r\nbody';
    expect(await codes(lookAtWheel(wheel(text)))).toEqual([]);
  });
});

function wheel(metadata: string, raw?: 'raw'): Uint8Array {
  return raw
    ? makeZip(recorded(replaced('METADATA', { bytes: `${metadata}\nName: demo\nVersion: 1.2.3\n` })))
    : makeWheel({ ...demo, metadata });
}

function replaced(name: string, by: Partial<ZipEntry>): ZipEntry[] {
  return wheelEntries(demo).map((entry) => (entry.path.endsWith(`/${name}`) ? { ...entry, ...by } : entry));
}

function patched(change: (end: Buffer) => void): Uint8Array {
  const bytes = Buffer.from(whole);
  change(bytes.subarray(-22));
  return bytes;
}

function flipped(bytes: Uint8Array, text: string): Uint8Array {
  const copy = Buffer.from(bytes);
  const at = copy.indexOf(text);
  copy.writeUInt8(copy.readUInt8(at) ^ 1, at);
  return copy;
}

/** Both headers say one byte less than there is after unpacking. */
function longer(): Uint8Array {
  const size = Buffer.byteLength(makeMetadata(demo)) - 1;
  return makeZip(replaced('METADATA', { local: { size }, central: { size } }));
}
