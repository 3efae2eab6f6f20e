import type { PackageName } from '../../model/artifact.ts';
import { algorithmOf, hexOf, parseDigest } from '../../model/digest.ts';
import type { ListedFile, Listing } from '../../model/listing.ts';
import type { IndexPage, IndexView, RefusedIndex } from '../ecosystem.ts';
import type { PypiDocument, SimpleRepresentation } from './document.ts';
import { CONTENT_TYPES, simpleRepresentation } from './document.ts';
import { refusedWheel } from './refused-wheel.ts';
import type { ServedFile, ServedPage } from './served-page.ts';
import { simpleHtml } from './simple-html-write.ts';
import { compareVersions, parseVersion } from './versions.ts';

/** The reason of a file that its publisher yanked: the publisher's own words are not repeated. */
const YANKED = 'yanked by its publisher';

/**
 * Writes a project page anew. Every file of the listing stays on it, in the listing's order: an admitted one
 * as it is, any other one yanked (PEP 592) with our message, so that an open requirement falls back to what
 * is admitted and an exact one is answered with the reason when it asks for the file.
 *
 * Each wheel announces its metadata (PEP 658, 714): with the digest that the index declares, or of what was
 * cut from the admitted wheel, or with `true`. A refused wheel does so too, because the first thing that a
 * client then asks for is answered with the reason.
 *
 * Where the upstream's page has the keys of PEP 708, they are written empty: their addresses are others',
 * and every address on our pages is ours. PEP 740's `provenance` is written for an admitted file
 * where the index claims attestations or we have them, and leads to our own route: what that gives was verified.
 */
export function writeSimple(listing: Listing<PypiDocument>, view: IndexView): IndexPage {
  const { document } = listing;
  const files = [...listing.files.values()].map((file) => servedFile(listing, file, view));
  const versions = [...new Set([...listing.files.values()].map((file) => file.version))].sort(byVersion);
  return page(view.representation, {
    meta: { 'api-version': apiVersion(listing, files), ...(document.tracks && { tracks: [] as const }) },
    name: listing.name,
    ...(document.status !== 'active' && { 'project-status': { status: document.status } }),
    ...(document.alternateLocations && { 'alternate-locations': [] as const }),
    versions,
    files,
  });
}

/**
 * The page of a name that is refused as a whole: one made-up wheel whose version says why, for clients that
 * show nothing of a refused index. The same for unlisted, unknown and internal names, if `code` is.
 */
export function writeRefused(name: PackageName, representation: string, refusal: RefusedIndex): IndexPage {
  const { filename } = refusedWheel(name, refusal.code);
  const file: ServedFile = {
    filename,
    url: fileUrl(refusal.base, name, filename),
    hashes: {},
    'core-metadata': true,
  };
  // Version 1.1 would ask for a size (PEP 700), and the wheel does not exist.
  return page(representation, { meta: { 'api-version': '1.0' }, name, files: [file] });
}

/** The address of a file on our pages. `+` is escaped: some servers on the way read it as a space. */
export function fileUrl(base: string, name: PackageName, filename: string): string {
  return `${base}files/${name}/${encodeURIComponent(filename)}`;
}

function servedFile(listing: Listing<PypiDocument>, file: ListedFile, view: IndexView): ServedFile {
  const kept = listing.document.files.get(file.filename);
  const yanked = yankedReason(listing, file, view);
  const metadata = file.kind === 'wheel' ? metadataOf(file, view) : undefined;
  return {
    filename: file.filename,
    url: fileUrl(view.base, listing.name, file.filename),
    hashes: Object.fromEntries(file.digests.map((digest) => [algorithmOf(digest), hexOf(digest)])),
    ...(file.size !== null && { size: file.size }),
    ...(kept?.uploadTime && { 'upload-time': kept.uploadTime }),
    ...(kept?.requiresPython && { 'requires-python': kept.requiresPython }),
    ...(yanked !== null && { yanked }),
    ...(metadata && { 'core-metadata': metadata }),
    ...(isAttested(file, view) && { provenance: provenanceUrl(view.base, listing.name, file) }),
  };
}

/** null where the file may be chosen: the policy admits it, and its publisher did not yank it. */
function yankedReason(listing: Listing<PypiDocument>, file: ListedFile, view: IndexView): string | null {
  const decided = view.files.get(file.filename);
  if (listing.quarantined) return view.message(file.version, decided?.code ?? 'QUARANTINED_UPSTREAM');
  if (decided?.allowed !== true)
    return view.message(file.version, decided?.code ?? 'VERSION_NOT_ALLOWED', decided?.why);
  return file.yanked ? YANKED : null;
}

function metadataOf(file: ListedFile, view: IndexView): true | { sha256: string } {
  const decided = view.files.get(file.filename);
  if (decided?.allowed !== true) return true;
  const cut = decided.metadata === null ? null : parseDigest(`sha256:${decided.metadata}`);
  // What was cut is what is served: the index's own is another only where a waiver lifts that.
  const digest = cut ?? file.metadataDigest;
  return digest ? { sha256: hexOf(digest) } : true;
}

function isAttested(file: ListedFile, view: IndexView): boolean {
  const decided = view.files.get(file.filename);
  return decided?.allowed === true && decided.attested;
}

/** The address of a file's provenance object: PyPI's own form of it, below our base. */
function provenanceUrl(base: string, name: PackageName, { version, filename }: ListedFile): string {
  return `${base}integrity/${name}/${encodeURIComponent(version)}/${encodeURIComponent(filename)}/provenance`;
}

/**
 * PEP 700 makes `size` a duty from 1.1 on; PEP 708 is 1.2, PEP 740 is 1.3, PEP 792 is 1.4. A page that cannot keep
 * that duty stays 1.0, whatever it has beside: keys that its reader does not know are no fault (PEP 691).
 */
function apiVersion(listing: Listing<PypiDocument>, served: readonly ServedFile[]): string {
  const { document } = listing;
  if ([...listing.files.values()].some((file) => file.size === null)) return '1.0';
  if (document.status !== 'active') return '1.4';
  if (served.some((file) => file.provenance !== undefined)) return '1.3';
  return document.tracks || document.alternateLocations ? '1.2' : '1.1';
}

function byVersion(a: string, b: string): number {
  const [x, y] = [parseVersion(a), parseVersion(b)];
  return (x && y && compareVersions(x, y)) || (a < b ? -1 : 1);
}

function page(representation: string, served: ServedPage): IndexPage {
  const chosen: SimpleRepresentation = simpleRepresentation(representation);
  const text = chosen === 'json' ? JSON.stringify(served) : simpleHtml(served);
  return { status: 200, contentType: CONTENT_TYPES[chosen], body: Buffer.from(text) };
}
