import { type Mutant, mutant } from './mutant.ts';

// What archives hold beside what clients meet every day: lengths, second headers, counts, what lies behind what.

const TAR = 'verify/archive/tar.ts';
const TAR_HEADER = 'verify/archive/tar-header.ts';
const PATH = 'verify/archive/path.ts';
const GUNZIP = 'verify/archive/gunzip.ts';
const END = 'verify/archive/zip-end.ts';
const BODIES = 'verify/archive/zip-bodies.ts';
const LINKS = 'verify/archive/links.ts';
const SDIST = 'verify/pypi/sdist.ts';
const DOCUMENT = 'verify/pypi/wheel-document.ts';

/** A throw that is not thrown. */
function unthrown(id: string, check: string, file: string, condition: string): Mutant {
  return mutant(id, check, [file, `if (${condition}) throw`, 'if (false) throw']);
}

export const OF_ARCHIVES: readonly Mutant[] = [
  unthrown('path-length', 'how long a path is', PATH, 'raw.length > maxPath'),
  unthrown('path-nul', 'NUL in paths', PATH, "raw.includes('\\0')"),
  mutant('pax-two-sizes', 'a pax header with another size', [
    TAR,
    'if (extended?.size != null && extended.size !== header.size) {',
    'if (false) {',
  ]),
  mutant('pax-two-headers', 'two headers for one entry', [
    TAR,
    "if (extended) throw new ArchiveUnsafe('two headers",
    "if (false) throw new ArchiveUnsafe('two headers",
  ]),
  mutant('pax-stray', 'a header without an entry', [
    TAR,
    "if (extended) throw new ArchiveUnsafe('header without",
    "if (false) throw new ArchiveUnsafe('header without",
  ]),
  mutant('pax-global', 'a global header that renames', [
    TAR,
    'if (extended || global.path !== null || global.size !== null) {',
    'if (false) {',
  ]),
  mutant('tar-name-end', 'bytes after the end of a name', [
    TAR_HEADER,
    'if (end >= 0 && field.subarray(end).some((byte) => byte !== NUL)) {',
    'if (false) {',
  ]),
  mutant('tar-prefix', 'a path prefix in an old header', [
    TAR_HEADER,
    "if (prefix !== '' && latin1(block, 257, 8) !== 'ustar\\x0000') {",
    'if (false) {',
  ]),
  unthrown('gzip-length', 'length of a gzip member', GUNZIP, 'trailer.readUInt32LE(4) !== length % 2 ** 32'),
  unthrown('gzip-flags', 'gzip flags that no one has defined', GUNZIP, 'flags & FLAG.reserved'),
  unthrown(
    'zip-second-name',
    'a second name in an extra field',
    'verify/archive/zip-extra.ts',
    'id === UNICODE_PATH',
  ),
  mutant('zip-comment', 'a comment behind the zip', [
    END,
    "if (end.toString('latin1', 0, 4) !== 'PK\\x05\\x06' || end.readUInt16LE(20) !== 0) {",
    "if (end.toString('latin1', 0, 4) !== 'PK\\x05\\x06') {",
  ]),
  mutant('zip-disks', 'a zip on several disks', [
    END,
    'if (end.readUInt16LE(4) !== 0 || end.readUInt16LE(6) !== 0 || end.readUInt16LE(8) !== count) {',
    'if (false) {',
  ]),
  unthrown(
    'zip-count',
    'how many entries a zip has',
    'verify/archive/zip-directory.ts',
    'entries.length !== end.count',
  ),
  mutant(
    'zip-behind-entry',
    'bytes after what an entry unpacks to',
    [BODIES, 'if (told.engine.bytesWritten !== packed.length) {', 'if (false) {'],
    [BODIES, 'if (inflated && inflated.consumed() !== entry.packed) {', 'if (false) {'],
  ),
  unthrown('sdist-link-out', 'links that leave the archive', LINKS, 'up >= base.length'),
  unthrown('sdist-link-twice', 'links and files in one place', LINKS, 'places.get(folded(path.text)) !== 1'),
  unthrown('sdist-link-below', 'files below a link', LINKS, 'linked.has(place.slice(0, slash))'),
  unthrown('sdist-link-document', 'links in the place of what is read', SDIST, 'name && link !== null'),
  unthrown('sdist-twice', 'two PKG-INFO', SDIST, 'documents.has(name)'),
  unthrown(
    'wheel-root',
    'where a wheel says that it lands',
    DOCUMENT,
    'more.length > 0 || !/^(?:true|false)$/i.test(pure)',
  ),
  mutant('wheel-lines', 'lines of WHEEL that are no fields', [
    DOCUMENT,
    "if (name === undefined) throw new ArchiveUnsafe('unreadable WHEEL', place);",
    'if (name === undefined) continue;',
  ]),
  unthrown('record-fields', 'how many fields RECORD has', 'verify/pypi/record.ts', 'more.length > 0'),
];
