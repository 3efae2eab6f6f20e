import type { Row } from '../incidents/row.ts';
import {
  makeTarball,
  makeZip,
  paxRecords,
  recorded,
  type TarEntry,
  type ZipEntry,
} from '../verify/archives.ts';
import { further as before } from './further-around.ts';
import { sdist, sound, tar, tarball, withRecord, zip } from './replays.ts';

// Replays for what archives hold beside what clients meet every day. They come last: a replay's number is its place.

/** The zip of a wheel, with the end record changed. */
function end(title: string, change: (record: Buffer, bytes: Buffer) => Buffer | undefined): Row {
  return zip(title, (entries) => {
    const bytes = Buffer.from(makeZip(entries));
    return change(bytes.subarray(-22), bytes) ?? bytes;
  });
}

/** The gzip member of a sound tarball, changed. */
function member(title: string, change: (bytes: Buffer) => void): Row {
  return tarball(title, (name) => {
    const bytes = Buffer.from(makeTarball(sound(name)));
    change(bytes);
    return bytes;
  });
}

/** A source distribution of these entries, below its top folder, and two sound ones. */
function linked(title: string, entries: readonly TarEntry[]): Row {
  return sdist(title, 'ARCHIVE_UNSAFE', (name) => {
    const top = `${name.replaceAll('-', '_')}-1.0.1`;
    const all = [
      { path: 'PKG-INFO', bytes: `Metadata-Version: 2.1\nName: ${name}\nVersion: 1.0.1\n` },
      { path: 'demo/x.py', bytes: 'x = 1\n' },
      ...entries,
    ];
    return makeTarball(all.map((entry) => ({ ...entry, path: `${top}/${entry.path}` })));
  });
}

/** A wheel of which one document is changed, and RECORD with it. */
function document(title: string, path: RegExp, change: (text: string) => string): Row {
  return zip(title, (entries) =>
    makeZip(
      recorded(
        entries.map((entry) =>
          path.test(entry.path) ? { ...entry, bytes: change(String(entry.bytes)) } : entry,
        ),
      ),
    ),
  );
}

/** A wheel of which one entry is written otherwise. */
const entry = (path: RegExp, more: Partial<ZipEntry>) => (entries: readonly ZipEntry[]) =>
  makeZip(entries.map((one) => (path.test(one.path) ? { ...one, ...more } : one)));

const pax = (...records: Parameters<typeof paxRecords>[0]) => ({
  path: 'x',
  type: 'x',
  bytes: paxRecords(records),
});

export const further: readonly Row[] = [
  ...before,
  tar('a tar with a path of 1,100 letters', (all) => [
    ...all,
    pax(['path', `package/${'a'.repeat(1_100)}`]),
    { path: 'package/x', bytes: 'x' },
  ]),
  tar('a tar with NUL in a path', (all) => [
    ...all,
    pax(['path', 'package/x.js\0.txt']),
    { path: 'package/x', bytes: 'x' },
  ]),
  tar('a pax header with another size', (all) => [
    ...all,
    pax(['size', '0']),
    { path: 'package/x', bytes: 'x' },
  ]),
  tar('a pax header and a long name for one entry', (all) => [
    ...all,
    pax(['path', 'package/y']),
    { path: '././@LongLink', type: 'L', bytes: 'package/z\0' },
    { path: 'package/x', bytes: 'x' },
  ]),
  tar('a pax header without an entry', (all) => [...all, pax(['path', 'package/y'])]),
  tar('a global pax header that renames', (all) => [
    { path: 'x', type: 'g', bytes: paxRecords([['path', 'package/y']]) },
    ...all,
  ]),
  tar('a tar with bytes after the end of a name', (all) => [
    ...all,
    { path: 'package/x', bytes: 'x', patch: (header) => void header.write('evil', 40) },
  ]),
  tar('a tar with a path prefix in an old header', (all) => [
    ...all,
    {
      path: 'package/x',
      bytes: 'x',
      patch: (header) => {
        header.write('ustar  \0', 257, 'latin1');
        header.write('package', 345, 'latin1');
      },
    },
  ]),
  member('a wrong length of the gzip member', (bytes) => {
    bytes.writeUInt32LE(bytes.readUInt32LE(bytes.length - 4) + 1, bytes.length - 4);
  }),
  member('a gzip flag that no one has defined', (bytes) => {
    bytes[3] = (bytes[3] ?? 0) | 0x80;
  }),
  zip(
    'a wheel whose entry has a second name',
    // Info-ZIP's Unicode Path: version, CRC-32 of the name, another name.
    entry(/__init__\.py$/, {
      extra: Buffer.concat([Buffer.from([0x75, 0x70, 9, 0, 1, 0, 0, 0, 0]), Buffer.from('evil')]),
    }),
  ),
  end('a wheel with the length of a comment that is not there', (record) => void record.writeUInt16LE(5, 20)),
  end('a wheel on two disks', (record) => void record.writeUInt16LE(1, 4)),
  end('a wheel that counts fewer entries than it has', (record) => {
    for (const at of [8, 10]) record.writeUInt16LE(record.readUInt16LE(at) - 1, at);
    return undefined;
  }),
  zip(
    'a wheel with bytes after what an entry unpacks to',
    entry(/__init__\.py$/, { trailing: Buffer.from('evil') }),
  ),
  linked('a source distribution with a link that leaves it', [
    { path: 'x.py', bytes: 'x' },
    { path: 'demo/link', type: '2', link: '../../../x.py' },
  ]),
  linked('a source distribution with a link and a file in one place', [
    { path: 'demo/link', type: '2', link: 'x.py' },
    { path: 'demo/LINK', bytes: 'x' },
  ]),
  linked('a source distribution with a file below a link', [
    { path: 'demo/link', type: '2', link: 'x.py' },
    { path: 'demo/link/y.py', bytes: 'x' },
  ]),
  linked('a source distribution with a link in the place of pyproject.toml', [
    { path: 'pyproject.toml', type: '2', link: 'demo/x.py' },
  ]),
  linked('a source distribution with two PKG-INFO', [
    { path: 'PKG-INFO', bytes: 'Metadata-Version: 2.1\nName: other\n' },
  ]),
  document('a WHEEL that says twice where its files land', /\/WHEEL$/, (text) =>
    text.replace('Root-Is-Purelib: true', 'Root-Is-Purelib: true\nRoot-Is-Purelib: false'),
  ),
  document('a WHEEL with a line that is no field', /\/WHEEL$/, (text) => text.replace('\n', '\nevil\n')),
  zip('a RECORD with a fourth field', (entries) =>
    withRecord(entries, (text) => text.replace(/^(.*__init__\.py,.*)$/m, '$1,x')),
  ),
];
