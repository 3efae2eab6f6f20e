import type { PackageName } from '../../model/artifact.ts';
import type { Digest } from '../../model/digest.ts';
import { parseDigest, sha256 } from '../../model/digest.ts';
import { type ListedEvidence, NO_LISTED_EVIDENCE } from '../../model/evidence.ts';
import type { ListedFile, Listing } from '../../model/listing.ts';
import { IndexUnreadable } from '../ecosystem.ts';
import { isBoundedJson } from '../json-bounds.ts';
import type { ProjectStatus, PypiDocument, PypiFile } from './document.ts';
import { parseFilename } from './filenames.ts';
import type { JsonObject } from './json.ts';
import { isObject, own } from './json.ts';
import { canonicalName } from './names.ts';
import { isRefusedWheel } from './refused-wheel.ts';
import { isServableRequiresPython } from './requires-python.ts';
import { readSimpleHtml } from './simple-html.ts';

const MAX_URL = 4096;
const STATUSES: readonly ProjectStatus[] = ['active', 'archived', 'deprecated', 'quarantined'];

/**
 * Reads a project page of a simple index: PEP 691 JSON where the first character is `{`, PEP 503 HTML where
 * it is `<` (a fallback for old private indexes; PEP 833 froze that format). Throws IndexUnreadable where the
 * page is neither, is of another major version (PEP 629), another project's, lists a file name twice, or has
 * a status that PEP 792 does not know.
 *
 * A file is left out if its name is no wheel's or sdist's of this project, or if a field of it is not what
 * its format says. What may be absent is null: `size`, `upload-time`, the digest of its metadata; a file
 * without sha256 and sha512 stays, with no digest, for the policy to refuse.
 *
 * Addresses, of files and of provenance (PEP 740), stay as they are, without fragment: the caller resolves a
 * relative one against the page's own address. Yank and status reasons, unknown keys, and the values of `tracks` and `alternate-locations`
 * (PEP 708) are text or addresses of others and are not kept.
 */
export function readSimple(name: PackageName, bytes: Uint8Array): Listing<PypiDocument> {
  const page = parsePage(name, bytes);
  const meta = own(page, 'meta');
  if (!isObject(meta)) throw new IndexUnreadable('there is no meta object');
  const apiVersion = own(meta, 'api-version');
  if (typeof apiVersion !== 'string' || !/^1\.\d{1,4}$/.test(apiVersion)) {
    throw new IndexUnreadable('the api-version is not 1.x');
  }
  const pageName = own(page, 'name');
  if (typeof pageName !== 'string' || canonicalName(pageName) !== name) {
    throw new IndexUnreadable('the page is of another project');
  }
  const status = readStatus([own(page, 'project-status'), own(meta, 'project-status')]);
  const entries = own(page, 'files');
  if (!Array.isArray(entries)) throw new IndexUnreadable('files is not a list');

  const files = new Map<string, ListedFile>();
  const kept = new Map<string, PypiFile>();
  const seen = new Set<string>();
  for (const entry of entries) {
    const filename = isObject(entry) ? own(entry, 'filename') : undefined;
    if (typeof filename !== 'string') throw new IndexUnreadable('a file has no name');
    if (seen.has(filename)) throw new IndexUnreadable('a file is listed twice');
    seen.add(filename);
    const read = readFile(name, filename, entry);
    if (!read) continue;
    files.set(filename, read.file);
    kept.set(filename, read.kept);
  }
  return {
    ecosystem: 'pypi',
    name,
    digest: sha256(bytes),
    quarantined: status === 'quarantined',
    files,
    document: {
      status,
      tracks: own(meta, 'tracks') !== undefined,
      alternateLocations: own(page, 'alternate-locations') !== undefined,
      files: kept,
    },
  };
}

function parsePage(name: PackageName, bytes: Uint8Array): JsonObject {
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    throw new IndexUnreadable('the page is not UTF-8');
  }
  const first = /\S/.exec(text)?.[0];
  if (first === '<') return readSimpleHtml(name, text);
  if (first !== '{') throw new IndexUnreadable('the page is neither JSON nor HTML');
  if (!isBoundedJson(bytes)) throw new IndexUnreadable('the page has more brackets than any page');
  try {
    return JSON.parse(text);
  } catch {
    throw new IndexUnreadable('the page is not JSON');
  }
}

/**
 * PEP 792. Its text calls the key `state`, its example and the canonical specification `status`, and it may
 * be looked for under `meta`: all are read, and quarantine wins.
 */
function readStatus(places: readonly unknown[]): ProjectStatus {
  const words: unknown[] = [];
  for (const place of places) {
    if (place === undefined) continue;
    if (!isObject(place)) throw new IndexUnreadable('the project status cannot be read');
    words.push(own(place, 'status'), own(place, 'state'));
  }
  const given = words.filter((word) => word !== undefined);
  const statuses = given.map((word) => STATUSES.find((status) => status === word));
  // A word of the future may mean worse than quarantine.
  if (statuses.includes(undefined)) throw new IndexUnreadable('the project status is unknown');
  return statuses.find((status) => status === 'quarantined') ?? statuses[0] ?? 'active';
}

function readFile(
  name: PackageName,
  filename: string,
  entry: JsonObject,
): { file: ListedFile; kept: PypiFile } | null {
  const parsed = parseFilename(filename, name);
  if (!parsed || isRefusedWheel(parsed)) return null;
  const url = readUrl(own(entry, 'url'));
  const digests = readDigests(own(entry, 'hashes'));
  const size = readSize(own(entry, 'size'));
  const yanked = readYanked(own(entry, 'yanked'));
  const metadata = readMetadataDigest(entry);
  const requiresPython = own(entry, 'requires-python') ?? '';
  if (url === null || !digests || size === undefined || yanked === null || metadata === undefined)
    return null;
  if (typeof requiresPython !== 'string') return null;
  const uploadTime = readTime(own(entry, 'upload-time'));
  return {
    file: {
      filename,
      version: parsed.version,
      kind: parsed.kind,
      url,
      digests,
      size,
      claimedAt: uploadTime === null ? null : Date.parse(uploadTime),
      yanked,
      metadataDigest: parsed.kind === 'wheel' ? metadata : null,
      // What installing runs is known of an npm package only; `kind` says that an sdist runs code.
      installScripts: false,
      directUrls: false,
      licence: null,
      evidence: readEvidence(own(entry, 'provenance')),
    },
    kept: {
      requiresPython: isServableRequiresPython(requiresPython) ? requiresPython.trim() : null,
      uploadTime,
    },
  };
}

/** An http or https address, or one relative to the page; null for anything else. */
function readUrl(value: unknown): string | null {
  if (typeof value !== 'string') return null;
  const url = value.split('#', 1)[0] ?? '';
  // Printable ASCII without what no address holds unescaped (RFC 3986).
  if (url.length > MAX_URL || !/^[!$-;=?-[\]_a-z~]+$/.test(url)) return null;
  return /^[A-Za-z][A-Za-z0-9+.-]*:/.test(url) && !/^https?:\/\//i.test(url) ? null : url;
}

/**
 * PEP 740: the address of a provenance object, or null. A claim that names no address that could be asked is a
 * claim all the same, with an empty one, which `upstream` refuses: what is claimed and cannot be had is no evidence.
 */
function readEvidence(provenance: unknown): ListedEvidence {
  if (provenance === undefined || provenance === null) return NO_LISTED_EVIDENCE;
  return { ...NO_LISTED_EVIDENCE, attestations: readUrl(provenance) ?? '' };
}

/** sha512 and sha256 of a `hashes` object; null where one of them is no digest. Others do not count. */
function readDigests(value: unknown): Digest[] | null {
  if (value === undefined) return [];
  if (!isObject(value)) return null;
  const digests: Digest[] = [];
  for (const algorithm of ['sha256', 'sha512']) {
    const hex = own(value, algorithm);
    if (hex === undefined) continue;
    const digest = typeof hex === 'string' ? parseDigest(`${algorithm}:${hex}`) : null;
    if (!digest) return null;
    digests.push(digest);
  }
  return digests;
}

function readSize(value: unknown): number | null | undefined {
  if (value === undefined || value === null) return null;
  return Number.isSafeInteger(value) && Number(value) >= 0 ? Number(value) : undefined;
}

/** PEP 592: a boolean or a reason. Any reason yanks, an empty one too. */
function readYanked(value: unknown): boolean | null {
  if (value === undefined || value === null) return false;
  return typeof value === 'boolean' ? value : typeof value === 'string' ? true : null;
}

/** PEP 658, 714: null where there is none, undefined where it cannot be read or its two names disagree. */
function readMetadataDigest(entry: JsonObject): Digest | null | undefined {
  const found = ['core-metadata', 'dist-info-metadata'].map((key) => {
    const value = own(entry, key);
    if (value === undefined || value === null || typeof value === 'boolean') return null;
    const hex = isObject(value) ? own(value, 'sha256') : 0;
    if (hex === undefined) return null;
    return (typeof hex === 'string' && parseDigest(`sha256:${hex}`)) || undefined;
  });
  const [core, old] = found;
  if (core === undefined || old === undefined) return undefined;
  return core && old && core !== old ? undefined : (core ?? old);
}

/** PEP 700: ISO 8601 in UTC, six digits of a second at most; null for any other time. */
function readTime(value: unknown): string | null {
  if (typeof value !== 'string') return null;
  const text = value.replace(/\+00:00$/, 'Z');
  if (!/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,6})?Z$/.test(text)) return null;
  return Number.isNaN(Date.parse(text)) ? null : text;
}
