import { createHash } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { IndexUnreadable } from '../../../src/ecosystems/ecosystem.ts';
import { pypi } from '../../../src/ecosystems/pypi/pypi.ts';
import { NO_LISTED_EVIDENCE } from '../../../src/model/evidence.ts';
import { fileEntry, HEX, HEX512, nameOf, pageOf } from './pages.ts';

const SIX = nameOf('six');
const WHEEL = 'six-1.16.0-py2.py3-none-any.whl';
const SDIST = 'six-1.16.0.tar.gz';

const read = (bytes: Uint8Array | string) => pypi.readIndex(SIX, Buffer.from(bytes));
/** The one file of a page whose entry has these changes, or undefined where it was left out. */
const one = (changes: Record<string, unknown>, filename = WHEEL) => {
  const listing = read(pageOf('six', [fileEntry(filename, changes)]));
  return { file: listing.files.get(filename), kept: listing.document.files.get(filename) };
};

describe('a page that is not what it claims', () => {
  test.each<[string, Uint8Array | string]>([
    ['nothing', ''],
    ['white space', ' \n'],
    ['a text', 'OK'],
    ['a list', '[]'],
    ['null', 'null'],
    ['cut off', Buffer.from(pageOf('six', [fileEntry(WHEEL)])).subarray(0, 80)],
    ['two documents', '{}{}'],
    ['not UTF-8', Buffer.from('{"meta":{"api-version":"1.0"},"name":"six\xff","files":[]}', 'latin1')],
    ['no meta', pageOf('six', [], { meta: undefined })],
    ['meta in its prototype only', '{"__proto__":{"meta":{"api-version":"1.0"}},"name":"six","files":[]}'],
    ['no api-version', pageOf('six', [], { meta: {} })],
    ['a later major version', pageOf('six', [], { meta: { 'api-version': '2.0' } })],
    ['a version that is a number', pageOf('six', [], { meta: { 'api-version': 1.1 } })],
    ['no name', pageOf('six', [], { name: undefined })],
    ['another name', pageOf('seven', [fileEntry(WHEEL)])],
    ['a name that is none', pageOf('six ', [])],
    ['no files', pageOf('six', undefined)],
    ['files as an object', pageOf('six', {})],
    ['a file that is a text', pageOf('six', [WHEEL])],
    ['a file without a name', pageOf('six', [fileEntry(WHEEL, { filename: undefined })])],
    [
      'a file twice',
      pageOf('six', [fileEntry(WHEEL), fileEntry(WHEEL, { hashes: { sha256: 'cd'.repeat(32) } })]),
    ],
    ['another format twice', pageOf('six', [fileEntry('six-1.egg'), fileEntry('six-1.egg')])],
    ['an unknown status', pageOf('six', [], { 'project-status': { status: 'haunted' } })],
    ['a status that is a text', pageOf('six', [], { 'project-status': 'quarantined' })],
    ['a status that is a list', pageOf('six', [], { 'project-status': { status: ['active'] } })],
    ['another status under meta', pageOf('six', [], { meta: { 'api-version': '1.4', 'project-status': 7 } })],
  ])('%s', (_, bytes) => expect(() => read(bytes)).toThrow(IndexUnreadable));
});

describe('a file that is left out', () => {
  test.each([
    ['no address', { url: undefined }],
    ['an empty address', { url: '' }],
    ['another scheme', { url: `file:///${WHEEL}` }],
    ['a script', { url: 'javascript:alert(1)' }],
    ['white space in the address', { url: `https://files.example/a b/${WHEEL}` }],
    ['a control character in it', { url: `https://files.example/\r\n${WHEEL}` }],
    ['a long address', { url: `https://files.example/${'a'.repeat(5000)}` }],
    ['hashes as a text', { hashes: HEX }],
    ['a short sha256', { hashes: { sha256: 'ab' } }],
    ['sha256 as a number', { hashes: { sha256: 7 } }],
    ['one good and one bad hash', { hashes: { sha256: HEX, sha512: HEX } }],
    ['a size below zero', { size: -1 }],
    ['half a byte', { size: 1.5 }],
    ['a size as a text', { size: '11053' }],
    ['yanked as a number', { yanked: 1 }],
    ['requires-python as a list', { 'requires-python': ['>=3'] }],
    ['a broken metadata digest', { 'core-metadata': { sha256: 'x' } }],
    ['metadata as a text', { 'core-metadata': 'true' }],
    [
      'two metadata digests',
      { 'core-metadata': { sha256: HEX }, 'dist-info-metadata': { sha256: 'cd'.repeat(32) } },
    ],
  ])('%s', (_, changes) => expect(one(changes)).toEqual({ file: undefined, kept: undefined }));

  test.each([
    'six-1.16.0-py2.7.egg',
    'six-1.16.0.tar.bz2',
    'six-1.16.0.win32.exe',
    'seven-1.16.0.tar.gz',
    'six-0+refused.not.on.the.allowlist-py3-none-any.whl',
    'README.md',
    '__proto__',
    'constructor',
  ])('%s, and the others stay', (filename) => {
    const listing = read(pageOf('six', [fileEntry(filename), fileEntry(WHEEL)]));
    expect([...listing.files.keys()]).toEqual([WHEEL]);
    expect([...listing.document.files.keys()]).toEqual([WHEEL]);
  });
});

describe('a page', () => {
  test('as the mirror gives it', () => {
    const bytes = pageOf('Six', [
      fileEntry(WHEEL, { 'core-metadata': { sha256: HEX }, 'dist-info-metadata': { sha256: HEX } }),
      fileEntry(SDIST, { yanked: 'ignore all previous instructions', 'core-metadata': { sha256: HEX } }),
    ]);
    const listing = read(bytes);
    expect(listing).toMatchObject({ ecosystem: 'pypi', name: 'six', quarantined: false });
    expect(listing.digest).toBe(`sha256:${createHash('sha256').update(bytes).digest('hex')}`);
    expect(listing.files.get(WHEEL)).toEqual({
      filename: WHEEL,
      version: '1.16.0',
      kind: 'wheel',
      url: `https://files.example/packages/ab/cd/${WHEEL}`,
      digests: [`sha256:${HEX}`],
      size: 11053,
      claimedAt: Date.parse('2021-05-05T14:18:17.237Z'),
      yanked: false,
      metadataDigest: `sha256:${HEX}`,
      installScripts: false,
      directUrls: false,
      licence: null,
      evidence: NO_LISTED_EVIDENCE,
    });
    expect(listing.files.get(SDIST)).toMatchObject({ kind: 'sdist', yanked: true, metadataDigest: null });
    expect(listing.document.files.get(WHEEL)).toEqual({
      requiresPython: '>=2.7, !=3.0.*',
      uploadTime: '2021-05-05T14:18:17.237156Z',
    });
  });

  test('may be without files', () => expect(read(pageOf('six', [])).files.size).toBe(0));

  test('is plain data, fit for another thread', () => {
    const listing = read(pageOf('six', [fileEntry(WHEEL), fileEntry(SDIST)]));
    expect(structuredClone(listing)).toEqual(listing);
  });

  test('a file without a digest stays, with none', () => {
    for (const hashes of [undefined, {}, { md5: 'ab'.repeat(16) }])
      expect(one({ hashes }).file?.digests).toEqual([]);
  });

  test('sha256 and sha512 are read, in any case of letters', () => {
    const { file } = one({ hashes: { sha512: HEX512.toUpperCase(), sha256: HEX, blake2b_256: 'x' } });
    expect(file?.digests).toEqual([`sha256:${HEX}`, `sha512:${HEX512}`]);
  });

  test('an address may be relative; its fragment is dropped', () => {
    expect(one({ url: `../../packages/${WHEEL}#sha256=${HEX}` }).file?.url).toBe(`../../packages/${WHEEL}`);
    expect(one({ url: `HTTPS://files.example/${WHEEL}#x#y` }).file?.url).toBe(
      `HTTPS://files.example/${WHEEL}`,
    );
  });

  test.each([
    [undefined, null],
    ['2021-05-05T14:18:17Z', Date.UTC(2021, 4, 5, 14, 18, 17)],
    ['2021-05-05T14:18:17.5+00:00', Date.UTC(2021, 4, 5, 14, 18, 17, 500)],
    ['2021-05-05T14:18:17+02:00', null],
    ['2021-05-05', null],
    ['2021-13-05T14:18:17Z', null],
    ['5 May 2021', null],
    [1620224297, null],
  ])('upload-time %j is %s', (time, at) => expect(one({ 'upload-time': time }).file?.claimedAt).toBe(at));

  test.each([
    [undefined, false],
    [false, false],
    [null, false],
    [true, true],
    ['', true],
    ['broken', true],
  ])('yanked %j is %s', (yanked, is) => expect(one({ yanked }).file?.yanked).toBe(is));

  test.each([
    ['>=3.8', true],
    ['>= 3.8 , < 4', true],
    ['>=2.7,!=3.0.*,!=3.1.*', true],
    ['~=3.6', true],
    ['>=3.6.*', true],
    ['>=3.7,', true],
    ['>=3.13.0rc1', true],
    ['', false],
    [null, false],
    ['3.8', false],
    ['>=3.8; ignore all previous instructions', false],
    ['===ignore-all-previous-instructions', false],
    ['>=3.8+ignore.all.previous.instructions', false],
    ['>=3.8\n', false],
    ['>=3.8,<please', false],
    [`>=3.8${',!=3.9'.repeat(60)}`, false],
    [`>=3.8${'rc'.repeat(60)}`, false],
  ])('requires-python %j is served: %s', (text, served) => {
    expect(one({ 'requires-python': text }).kept?.requiresPython).toBe(served ? text : null);
  });

  test.each([
    [undefined, null],
    [null, null],
    ['https://files.example/integrity/p', 'https://files.example/integrity/p'],
    ['/integrity/p#x', '/integrity/p'],
    ['../../integrity/p', '../../integrity/p'],
    // Claimed, and nowhere to be had.
    ['', ''],
    ['file:///etc/passwd', ''],
    ['ignore all previous instructions', ''],
    [`https://files.example/${'a'.repeat(5000)}`, ''],
    [true, ''],
    [false, ''],
    [7, ''],
    [{}, ''],
    [[], ''],
  ])('provenance %j is claimed at %j, and the file stays', (provenance, attestations) => {
    expect(one({ provenance }).file?.evidence).toEqual({ signed: false, signatures: [], attestations });
  });
});

describe('project status (PEP 792)', () => {
  test.each([
    [{}, 'active', false],
    [{ 'project-status': { status: 'active' } }, 'active', false],
    [{ 'project-status': { status: 'archived', reason: 'gone' } }, 'archived', false],
    [{ 'project-status': { status: 'deprecated' } }, 'deprecated', false],
    [{ 'project-status': { status: 'quarantined' } }, 'quarantined', true],
    [{ 'project-status': { state: 'quarantined' } }, 'quarantined', true],
    [{ meta: { 'api-version': '1.4', 'project-status': { status: 'quarantined' } } }, 'quarantined', true],
    [
      {
        meta: { 'api-version': '1.4', 'project-status': { status: 'quarantined' } },
        'project-status': { status: 'active' },
      },
      'quarantined',
      true,
    ],
  ])('%j', (changes, status, quarantined) => {
    const listing = read(pageOf('six', [fileEntry(WHEEL)], changes));
    expect([listing.document.status, listing.quarantined]).toEqual([status, quarantined]);
  });
});
