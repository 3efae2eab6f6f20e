import { createHash } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { makeZip, recorded, recordRow, wheelEntries, type ZipEntry } from '../archives.ts';
import { codes, lookAtWheel, whyUnsafe } from '../looking.ts';

const INFO = 'demo-1.2.3.dist-info';
const RECORD = `${INFO}/RECORD`;
const MODULE = 'demo/a.py';
const CODE = 'print(1)\n';

const entries = recorded([
  ...wheelEntries({ name: 'demo', version: '1.2.3' }),
  { path: MODULE, bytes: CODE },
]);
const rows = entries.find(({ path }) => path === RECORD)?.bytes?.toString() ?? '';

/** The wheel with another RECORD, and other entries beside it. */
function wheel(change: (rows: string) => string | Uint8Array, more: readonly ZipEntry[] = []): Uint8Array {
  return makeZip([
    ...entries.map((entry) => (entry.path === RECORD ? { ...entry, bytes: change(rows) } : entry)),
    ...more,
  ]);
}

const row = recordRow(MODULE, CODE);
const hashed = (algorithm: string, encoding: 'base64url' | 'base64' | 'hex' = 'base64url') =>
  `${MODULE},${algorithm}=${createHash(algorithm).update(CODE).digest(encoding)},${CODE.length}\n`;
const said = (line: string) => wheel((all) => all.replace(row, line));

test('the row that the cases below change is there', () => expect(rows).toContain(row));

describe('refused', () => {
  test.each<[what: string, bytes: Uint8Array, why: string]>([
    ['no RECORD', makeZip(entries.filter(({ path }) => path !== RECORD)), 'no RECORD'],
    ['an empty RECORD', wheel(() => ''), 'file that RECORD does not list'],
    ['a file that is not listed', said(''), 'file that RECORD does not list'],
    [
      'a file beside all that are listed',
      wheel((all) => all, [{ path: 'demo/evil.py', bytes: 'x' }]),
      'file that RECORD does not list',
    ],
    ['another hash', said(recordRow(MODULE, 'print(2)\n')), 'another hash in RECORD'],
    ['another size', said(row.replace(/\d+\n$/, '10\n')), 'another size in RECORD'],
    ['a size that is none', said(row.replace(/\d+\n$/, '0x9\n')), 'unreadable size in RECORD'],
    ['no hash', said(`${MODULE},,9\n`), 'file without a hash in RECORD'],
    ['a path alone', said(`${MODULE}\n`), 'file without a hash in RECORD'],
    ['MD5', said(hashed('md5')), 'weak or unreadable hash in RECORD'],
    ['SHA-1', said(hashed('sha1')), 'weak or unreadable hash in RECORD'],
    ['a hash in hexadecimal', said(hashed('sha256', 'hex')), 'another hash in RECORD'],
    ['half a hash', said(row.replace(/(sha256=.{20})[^,]*/, '$1')), 'another hash in RECORD'],
    ['a hash of no algorithm', said(`${MODULE},abc,9\n`), 'weak or unreadable hash in RECORD'],
    ['a fourth field', said(`${row.trim()},x\n`), 'unreadable RECORD'],
    ['an open quote', said(`"${row}`), 'unreadable RECORD'],
    ...['x', '""'].map((much): [string, Uint8Array, string] => [
      `an open quote and megabytes of ${much}`,
      wheel((all) => `${all}"${much.repeat(6_000_000 / much.length)}"x`),
      'unreadable RECORD',
    ]),
    ['a quote within', said(row.replace('/', '"/')), 'unreadable RECORD'],
    ['a row twice', said(row + row), 'RECORD lists a file twice'],
    ['one file in two spellings', said(row + row.replace('/', '/./')), 'RECORD lists a file twice'],
    [
      'a file that is not there',
      wheel((all) => all + recordRow('demo/b.py')),
      'RECORD lists a file that is not there',
    ],
    ['a folder', wheel((all) => `${all}demo/,,\n`), 'RECORD lists a folder'],
    ['a path that leaves', wheel((all) => `${all}../a.py,,\n`), 'path that leaves its folder'],
    ['an absolute path', wheel((all) => `${all}/a.py,,\n`), 'absolute path'],
    [
      'bytes that are no UTF-8',
      wheel((all) => Buffer.concat([Buffer.from(all), Buffer.from([0xff])])),
      'unreadable RECORD',
    ],
    [
      'METADATA without a hash',
      wheel((all) => all.replace(/METADATA,[^,]*,\d*/, 'METADATA,,')),
      'file without a hash in RECORD',
    ],
    [
      'a module that has the name of a signature',
      wheel((all) => `${all}demo/RECORD.jws,,\n`, [{ path: 'demo/RECORD.jws' }]),
      'file without a hash in RECORD',
    ],
  ])('%s', async (_, bytes, why) => {
    expect(await whyUnsafe(bytes, 'wheel')).toBe(why);
    expect(await codes(lookAtWheel(bytes))).toEqual(['ARCHIVE_UNSAFE']);
  });
});

describe('right', () => {
  test.each<[what: string, bytes: Uint8Array]>([
    ['sha256', wheel((all) => all)],
    ['sha384', said(hashed('sha384'))],
    ['sha512', said(hashed('sha512'))],
    ['no size', said(row.replace(/\d+\n$/, '\n'))],
    ['two fields', said(row.replace(/,\d+\n$/, '\n'))],
    ['CRLF, and no line end at the end', wheel((all) => all.trim().replaceAll('\n', '\r\n'))],
    ['an empty line', wheel((all) => `${all}\n\n`)],
    ['quotes', said(`"${MODULE}"${row.slice(MODULE.length)}`)],
    ['RECORD does not list itself', wheel((all) => all.replace(`${RECORD},,\n`, ''))],
    [
      'signatures of RECORD, listed or not',
      wheel(
        (all) => `${all}${INFO}/RECORD.jws,,\n`,
        [
          { path: `${INFO}/RECORD.jws`, bytes: '{}' },
          { path: `${INFO}/RECORD.p7s`, bytes: 'x' },
        ],
      ),
    ],
    ['folders, which are no files', wheel((all) => all, [{ path: 'demo/x/', mode: 0o040755, store: true }])],
    ['a comma and quotes in a name', makeZip(recorded([...entries, { path: 'demo/a,"b".txt', bytes: 'x' }]))],
    ['a name that is not ASCII', makeZip(recorded([...entries, { path: 'demo/ä.py', bytes: 'x' }]))],
  ])('%s', async (_, bytes) => {
    expect(await whyUnsafe(bytes, 'wheel')).toBe('it is not');
    expect(await codes(lookAtWheel(bytes))).toEqual([]);
  });
});

describe('large files, which are unpacked in pieces', () => {
  const large = Buffer.alloc(3 * 1024 ** 2 + 17, 'some text that packs well, but not too well ');
  for (let at = 0; at < large.length; at += 97) large[at] = (at * 31) % 256;
  const of = (entry: ZipEntry) => makeZip(recorded([...entries, entry]));

  test.each([true, false])('right (stored: %s)', async (store) => {
    expect(await codes(lookAtWheel(of({ path: 'demo/large', bytes: large, store })))).toEqual([]);
  });

  test.each([true, false])('one byte changed (stored: %s)', async (store) => {
    const bytes = Buffer.from(large);
    bytes.writeUInt8(bytes.readUInt8(2_000_000) ^ 1, 2_000_000);
    const listed = recorded([...entries, { path: 'demo/large', bytes: large }]);
    const changed = listed.with(-1, { path: 'demo/large', bytes, store });
    expect(await whyUnsafe(makeZip(changed), 'wheel')).toBe('another hash in RECORD');
  });
});

describe.each([
  ['small', CODE.repeat(3)],
  ['large', CODE.repeat(300_000)],
])('a %s file that is not as both of its headers say', (_, bytes) => {
  const path = 'demo/other.py';
  const listed = recorded([...entries, { path, bytes }]);
  test.each<[what: string, as: Partial<ZipEntry>, why: string]>([
    ['another CRC-32', { said: { crc: 1 } }, 'wrong length or checksum'],
    // Else RECORD would tell.
    ['one byte less', { said: { size: bytes.length - 1 } }, 'wrong length or checksum'],
    ['one byte more', { said: { size: bytes.length + 1 } }, 'wrong length or checksum'],
    ['bytes behind it', { trailing: Buffer.from('more') }, 'bytes after an entry'],
    ['no packed data', { method: 8, store: true }, 'broken compressed data'],
  ])('%s', async (__, as, why) => {
    const wheel = makeZip(
      listed
        .with(-1, { path, bytes, ...as })
        .map((entry) => (entry.path === RECORD ? { ...entry, bytes: sizeless(entry, path) } : entry)),
    );
    expect(await whyUnsafe(wheel, 'wheel')).toBe(why);
  });
});

/** RECORD without the size of one file. */
function sizeless({ bytes = '' }: ZipEntry, path: string): string {
  return bytes.toString().replace(new RegExp(`^(${path},[^,]*),.*$`, 'm'), '$1,');
}
