import type { FileView, IndexPage, IndexView } from '../../../src/ecosystems/ecosystem.ts';
import { canonicalName } from '../../../src/ecosystems/pypi/names.ts';
import type { PackageName } from '../../../src/model/artifact.ts';
import type { ListedFile, Listing } from '../../../src/model/listing.ts';

/** Pages of a simple index and what is needed to read them back, for the tests of this folder. */

export const BASE = 'https://gate.test:4880/pypi/';

export const HEX = 'ab'.repeat(32);
export const HEX512 = 'cd'.repeat(64);

export function nameOf(raw: string): PackageName {
  const name = canonicalName(raw);
  if (name === null) throw new Error(`${raw} is no name`);
  return name;
}

/** A file entry as the upstream of clients.md section 1 gives it, with changes. */
export function fileEntry(filename: string, changes: Record<string, unknown> = {}): Record<string, unknown> {
  return {
    filename,
    url: `https://files.example/packages/ab/cd/${filename}`,
    hashes: { sha256: HEX },
    'requires-python': '>=2.7, !=3.0.*',
    size: 11053,
    'upload-time': '2021-05-05T14:18:17.237156Z',
    yanked: false,
    ...changes,
  };
}

export function pageOf(name: string, files: unknown, changes: Record<string, unknown> = {}): Uint8Array {
  const page = { meta: { '_last-serial': 10302324, 'api-version': '1.1' }, name, files, versions: ['1.0'] };
  return Buffer.from(JSON.stringify({ ...page, ...changes }));
}

export const ALLOWED: FileView = {
  allowed: true,
  code: null,
  metadata: null,
  signatures: [],
  attested: false,
};
export const REFUSED: FileView = { ...ALLOWED, allowed: false, code: 'TOO_YOUNG' };

/** A view that admits the files for which `admits` holds. */
export function viewOf(
  listing: Listing,
  representation: string,
  admits: (file: ListedFile) => boolean = () => true,
): IndexView {
  const files = [...listing.files.values()].map(
    (file) => [file.filename, admits(file) ? ALLOWED : REFUSED] as const,
  );
  return {
    representation,
    base: BASE,
    files: new Map(files),
    message: (version, code) => `refused: ${listing.name} ${version} <${code}> & "more"`,
  };
}

export function textOf(page: IndexPage): string {
  return new TextDecoder('utf-8', { fatal: true }).decode(page.body);
}
