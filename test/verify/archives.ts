import { createHash } from 'node:crypto';
import { gzip, makeTar, type TarEntry } from './tar-writer.ts';
import { makeZip, type ZipEntry } from './zip-writer.ts';

export { gzip, makeTar, paxRecords, type TarEntry } from './tar-writer.ts';
export { makeZip, type ZipEntry, type ZipOptions } from './zip-writer.ts';

/** Files of an archive: path → content. */
export type Files = Readonly<Record<string, string | Uint8Array>>;

/** A .tar.gz of files by path, or of entries where something else than a plain file is needed. */
export function makeTarball(files: Files | readonly TarEntry[]): Uint8Array {
  const entries = isEntries(files) ? files : Object.entries(files).map(([path, bytes]) => ({ path, bytes }));
  return gzip(makeTar(entries));
}

function isEntries(files: Files | readonly TarEntry[]): files is readonly TarEntry[] {
  return Array.isArray(files);
}

/** An npm package's tarball: `package/package.json` of `manifest`, and `files` (paths below `package/`). */
export function makeNpmTarball(
  manifest: Readonly<Record<string, unknown>> & { readonly name: string; readonly version: string },
  files: Files = { 'index.js': 'module.exports = 1;\n' },
): Uint8Array {
  const all: Record<string, string | Uint8Array> = {
    'package/package.json': JSON.stringify(manifest, null, 2),
  };
  for (const [path, bytes] of Object.entries(files)) all[`package/${path}`] = bytes;
  return makeTarball(all);
}

export interface Distribution {
  readonly name: string;
  readonly version: string;
  /** Lines after Name and Version (`Requires-Dist: …`), or the whole document where it begins with `Metadata-Version`. */
  readonly metadata?: string;
  readonly files?: Files;
  /** What WHEEL says of a wheel's tags: `py3-none-any`, unless told otherwise. */
  readonly tags?: string;
}

/** METADATA or PKG-INFO (core metadata 2.1) of a distribution. */
export function makeMetadata({ name, version, metadata = '' }: Distribution): string {
  if (metadata.startsWith('Metadata-Version')) return metadata;
  return `Metadata-Version: 2.1\nName: ${name}\nVersion: ${version}\n${metadata}`;
}

/** A wheel (PEP 427) with METADATA, WHEEL and RECORD; one module where `files` gives none. */
export function makeWheel(distribution: Distribution): Uint8Array {
  return makeZip(wheelEntries(distribution));
}

export function wheelEntries(distribution: Distribution): ZipEntry[] {
  const base = distribution.name.replace(/[-_.]+/g, '_');
  const info = `${base}-${distribution.version}.dist-info`;
  const files = distribution.files ?? { [`${base}/__init__.py`]: '' };
  const entries: ZipEntry[] = Object.entries(files).map(([path, bytes]) => ({ path, bytes }));
  entries.push({ path: `${info}/METADATA`, bytes: makeMetadata(distribution) });
  entries.push({
    path: `${info}/WHEEL`,
    bytes: `Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: ${distribution.tags ?? 'py3-none-any'}\n`,
  });
  return recorded([...entries, { path: `${info}/RECORD` }]);
}

/** The same entries, where the last RECORD that lies two deep lists every file that is there (PEP 427), each once. */
export function recorded(entries: readonly ZipEntry[]): ZipEntry[] {
  const at = entries.findLastIndex(({ path }) => /^[^/]+\/RECORD$/.test(path));
  const record = entries[at]?.path ?? '';
  const rows = new Set<string>();
  for (const { path, bytes } of entries) {
    if (!path.endsWith('/')) rows.add(path === record ? `${csv(path)},,\n` : recordRow(path, bytes));
  }
  return entries.with(at, { ...entries[at], path: record, bytes: [...rows].join('') });
}

/** A line of RECORD, with its sha256 and size. */
export function recordRow(path: string, bytes: string | Uint8Array = ''): string {
  const hash = createHash('sha256').update(bytes).digest('base64url');
  return `${csv(path)},sha256=${hash},${Buffer.from(bytes).length}\n`;
}

function csv(field: string): string {
  return /[",\r\n]/.test(field) ? `"${field.replaceAll('"', '""')}"` : field;
}

/** A source distribution (.tar.gz, PEP 625) with PKG-INFO and pyproject.toml; `files` are below its folder. */
export function makeSdist(distribution: Distribution): Uint8Array {
  const top = `${distribution.name.replace(/[-_.]+/g, '_').toLowerCase()}-${distribution.version}`;
  const all: Record<string, string | Uint8Array> = {
    [`${top}/PKG-INFO`]: makeMetadata(distribution),
    [`${top}/pyproject.toml`]:
      '[build-system]\nrequires = ["setuptools"]\nbuild-backend = "setuptools.build_meta"\n',
  };
  for (const [path, bytes] of Object.entries(distribution.files ?? {})) all[`${top}/${path}`] = bytes;
  return makeTarball(all);
}
