import { createHash, type Hash } from 'node:crypto';
import { type ArchivePath, archivePath } from '../archive/path.ts';
import { ArchiveUnsafe } from '../archive/unsafe.ts';
import type { BodySink, Zip, ZipEntry } from '../archive/zip.ts';

/** What RECORD says of one file. */
interface Row {
  /** null: nothing, as of RECORD itself. */
  readonly hash: { readonly algorithm: string; readonly value: string } | null;
  /** Bytes; null where it does not say. */
  readonly size: number | null;
}

/** RECORD is larger than other documents: a hundred bytes for each file of the wheel. */
const MAX_RECORD = 32 * 1024 ** 2;

/** "sha256 or better" (PEP 427), as Python's hashlib names them. */
const ALGORITHMS: ReadonlySet<string> = new Set(['sha256', 'sha384', 'sha512']);

/** What cannot have its own hash in RECORD: RECORD, and signatures of it (PEP 427; deprecated by PEP 815). */
const UNHASHED = ['RECORD', 'RECORD.jws', 'RECORD.p7s'] as const;

/**
 * Unpacks every file of a wheel and holds it to RECORD (PEP 427, "signed wheel files"; PEP 376): each file is
 * listed with a hash and, where it says one, a size that are right, and each file that is listed is there. Installers
 * are told to check this, and do not. Throws ArchiveUnsafe.
 * `also` may look at the bytes of an entry while they pass.
 */
export async function checkRecord(
  zip: Zip,
  info: string,
  limits: { readonly maxPath: number },
  also: (entry: ZipEntry) => BodySink | null = () => null,
): Promise<void> {
  const place = `${info}/RECORD`;
  const record = zip.entries.find(({ path }) => path.text === place && !path.folder);
  if (!record) throw new ArchiveUnsafe('no RECORD', place);
  const rows = readRecord(await zip.read(record, MAX_RECORD), place, limits.maxPath);
  const unhashed = new Set(UNHASHED.map((name) => `${info}/${name}`));
  let listed = 0;
  for (const { path } of zip.entries) {
    if (path.folder) continue;
    const row = rows.get(path.text);
    if (row) listed += 1;
    if (unhashed.has(path.text)) continue;
    if (!row) throw new ArchiveUnsafe('file that RECORD does not list', path.text);
    if (!row.hash) throw new ArchiveUnsafe('file without a hash in RECORD', path.text);
  }
  if (listed !== rows.size)
    throw new ArchiveUnsafe('RECORD lists a file that is not there', missing(zip, rows));
  await zip.walk((entry) => {
    const other = also(entry);
    const row = rows.get(entry.path.text);
    if (!row?.hash || entry.path.folder) return other;
    if (row.size !== null && row.size !== entry.size) {
      throw new ArchiveUnsafe('another size in RECORD', entry.path.text);
    }
    return new HashSink(entry.path, row.hash, other);
  });
}

class HashSink implements BodySink {
  readonly #path: ArchivePath;
  readonly #hash: Hash;
  readonly #expected: string;
  readonly #other: BodySink | null;

  constructor(path: ArchivePath, said: NonNullable<Row['hash']>, other: BodySink | null) {
    this.#path = path;
    this.#hash = createHash(said.algorithm);
    this.#expected = said.value;
    this.#other = other;
  }

  write(piece: Uint8Array): void {
    this.#hash.update(piece);
    this.#other?.write(piece);
  }

  end(): void {
    if (this.#hash.digest('base64url') !== this.#expected) {
      throw new ArchiveUnsafe('another hash in RECORD', this.#path.text);
    }
    this.#other?.end();
  }
}

function missing(zip: Zip, rows: ReadonlyMap<string, Row>): string {
  const there = new Set(zip.entries.filter(({ path }) => !path.folder).map(({ path }) => path.text));
  return [...rows.keys()].find((path) => !there.has(path)) ?? '';
}

/** Reads RECORD: lines of path, hash and size in the default dialect of Python's csv (PEP 376). */
function readRecord(bytes: Uint8Array, place: string, maxPath: number): Map<string, Row> {
  const rows = new Map<string, Row>();
  for (const [path = '', hash = '', size = '', ...more] of readCsv(decode(bytes, place), place)) {
    if (more.length > 0) throw new ArchiveUnsafe('unreadable RECORD', place);
    const { text, folder } = archivePath(path, maxPath);
    const row = rowOf(hash, size, text);
    if (folder) throw new ArchiveUnsafe('RECORD lists a folder', text);
    if (rows.has(text)) throw new ArchiveUnsafe('RECORD lists a file twice', text);
    rows.set(text, row);
  }
  return rows;
}

function decode(bytes: Uint8Array, place: string): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw new ArchiveUnsafe('unreadable RECORD', place);
  }
}

function rowOf(hash: string, size: string, path: string): Row {
  if (size !== '' && !/^[0-9]{1,15}$/.test(size)) throw new ArchiveUnsafe('unreadable size in RECORD', path);
  const said = { size: size === '' ? null : Number(size) };
  if (hash === '') return { ...said, hash: null };
  const [, algorithm = '', value = ''] = /^([a-z0-9_]+)=([A-Za-z0-9_-]+)$/.exec(hash) ?? [];
  if (!ALGORITHMS.has(algorithm)) throw new ArchiveUnsafe('weak or unreadable hash in RECORD', path);
  return { ...said, hash: { algorithm, value } };
}

/**
 * Fields of each line that is not empty. A quote within a field that does not begin with one is refused: readers differ.
 * Quoted fields are followed by hand: no pattern, whose own stack a field of megabytes could overflow.
 */
function* readCsv(text: string, place: string): Generator<string[]> {
  const plain = /[^",\r\n]*/y;
  const end = /,|\r\n|\r|\n|$/y;
  let fields: string[] = [];
  let at = 0;
  while (at < text.length) {
    const quoted = text[at] === '"';
    plain.lastIndex = at;
    const stop = quoted ? closingQuote(text, at, place) + 1 : at + (plain.exec(text)?.[0].length ?? 0);
    fields.push(quoted ? text.slice(at + 1, stop - 1).replaceAll('""', '"') : text.slice(at, stop));
    end.lastIndex = stop;
    const separator = end.exec(text)?.[0];
    if (separator === undefined) throw new ArchiveUnsafe('unreadable RECORD', place);
    at = stop + separator.length;
    if (separator === ',') {
      if (at === text.length) fields.push('');
      else continue;
    }
    if (fields.some((field) => field !== '')) yield fields;
    fields = [];
  }
}

/** Where the field that begins with a quote at `from` has its last one; two of them in a row stand for one within it. */
function closingQuote(text: string, from: number, place: string): number {
  for (let at = text.indexOf('"', from + 1); at >= 0; at = text.indexOf('"', at + 2)) {
    if (text[at + 1] !== '"') return at;
  }
  throw new ArchiveUnsafe('unreadable RECORD', place);
}
