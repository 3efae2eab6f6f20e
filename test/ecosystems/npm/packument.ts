import type { FileView, IndexView } from '../../../src/ecosystems/ecosystem.ts';
import { npm } from '../../../src/ecosystems/npm/npm.ts';
import type { NpmDocument } from '../../../src/ecosystems/npm/packument-read.ts';
import type { PackageName } from '../../../src/model/artifact.ts';
import type { Listing } from '../../../src/model/listing.ts';
import type { ReasonCode } from '../../../src/model/reason-codes.ts';

export const BASE = 'https://gate.test/npm/';
const SRI = `sha512-${Buffer.alloc(64, 7).toString('base64')}`;

export function nameOf(raw: string): PackageName {
  const name = npm.versions.canonicalName(raw);
  if (name === null) throw new Error(`no npm name: ${raw}`);
  return name;
}

/** A manifest as a registry writes it; `fields` win, and `undefined` removes. */
export function manifest(
  name: string,
  version: string,
  fields: object = {},
): Record<string, unknown> & { dist: object } {
  return {
    name,
    version,
    dist: {
      tarball: `https://files.example.invalid/${name}/-/${name}-${version}.tgz`,
      integrity: SRI,
      shasum: 'a'.repeat(40),
      fileCount: 3,
      unpackedSize: 1234,
    },
    ...fields,
  };
}

/** A packument of plain versions, published a day apart from 2020 on, in the order given. */
export function packument(name: string, versions: readonly string[], fields: object = {}): object {
  return {
    _id: name,
    name,
    'dist-tags': versions.length > 0 ? { latest: versions.at(-1) } : {},
    versions: Object.fromEntries(versions.map((version) => [version, manifest(name, version)])),
    time: Object.fromEntries(
      versions.map((version, day) => [version, new Date(Date.UTC(2020, 0, 1 + day)).toISOString()]),
    ),
    ...fields,
  };
}

export function bytes(document: unknown): Uint8Array {
  return new TextEncoder().encode(typeof document === 'string' ? document : JSON.stringify(document));
}

export function read(document: unknown, name = 'aa'): Listing<NpmDocument> {
  return npm.readIndex(nameOf(name), bytes(document));
}

/** A file that is served, without evidence. */
export const ALLOWED: FileView = {
  allowed: true,
  code: null,
  metadata: null,
  signatures: [],
  attested: false,
};

/** A view in which only the versions of `admitted` may be served; the rest is refused with `code`. */
export function view(
  listing: Listing<NpmDocument>,
  admitted: readonly string[],
  representation = 'full',
  code: ReasonCode = 'TOO_YOUNG',
): IndexView {
  const files = new Map<string, FileView>();
  for (const file of listing.files.values()) {
    const allowed = admitted.includes(file.version);
    files.set(file.filename, { ...ALLOWED, allowed, code: allowed ? null : code });
  }
  return {
    representation,
    base: BASE,
    files,
    message: (version, why) => `${listing.name}@${version} refused (${why})`,
  };
}

export interface Written {
  readonly name: string;
  readonly modified?: string;
  readonly 'dist-tags': Record<string, string>;
  readonly versions: Record<string, Record<string, unknown> & { dist: Record<string, unknown> }>;
  readonly time: Record<string, string>;
  readonly policyRestrictions?: { message: string; versions: Record<string, { version: string }> };
}

/** Writes an index and reads it back as JSON. */
export function write(listing: Listing<NpmDocument>, how: IndexView): Written {
  return JSON.parse(Buffer.from(npm.writeIndex(listing, how).body).toString('utf8'));
}
