import type { Listing } from '../../model/listing.ts';
import type { ReasonCode } from '../../model/reason-codes.ts';
import type { IndexPage, IndexView } from '../ecosystem.ts';
import { writeEvidence } from './evidence.ts';
import { FULL_ONLY } from './fields.ts';
import { jsonBytes, record } from './json.ts';
import { type NpmDocument, TAG } from './packument-read.ts';
import type { Release } from './release.ts';
import { repointTags } from './tags.ts';
import { parseVersion } from './versions.ts';

const JSON_TYPE = 'application/json';
export const ABBREVIATED_TYPE = 'application/vnd.npm.install-v1+json';

/** Refused versions that stay listed where nothing is admitted: enough to be asked for, few enough to be small. */
const KEPT_NEWEST = 50;
const KEPT_TAGGED = 50;
/** Reasons that one refusal message names. */
const MESSAGE_LINES = 3;

/**
 * Writes a packument, one version of it, or its tags. The document is built from fields that were checked one
 * by one when it was read; every address in it is at the host of `view.base`.
 */
export function writePackument(listing: Listing<NpmDocument>, view: IndexView): IndexPage {
  const selection = select(listing, view);
  if (view.representation === 'tags') return page(selection.tags);
  if (view.representation.startsWith('version:')) {
    return writeVersion(listing, view, selection, view.representation.slice('version:'.length));
  }
  return writeDocument(listing, view, selection);
}

/** Which releases a document lists, and where its tags point. */
interface Selection {
  /** Parallel to the listing's releases. */
  readonly admitted: readonly boolean[];
  readonly anyAdmitted: boolean;
  readonly listed: readonly Release[];
  readonly tags: Record<string, string>;
}

function select(listing: Listing<NpmDocument>, view: IndexView): Selection {
  const { releases, tags } = listing.document;
  const admitted = releases.map((release) => view.files.get(release.filename)?.allowed === true);
  const served = releases.filter((_, i) => admitted[i] === true);
  if (served.length > 0) {
    return { admitted, anyAdmitted: true, listed: served, tags: repointTags(tags, releases, admitted) };
  }
  const kept = keepRefused(releases, tags);
  const everyKept = kept.map(() => true);
  return {
    admitted,
    anyAdmitted: false,
    listed: kept,
    tags: repointTags(keptTags(kept, tags), kept, everyKept),
  };
}

/** The newest releases and those that tags point to. */
function keepRefused(releases: readonly Release[], tags: ReadonlyMap<string, string>): readonly Release[] {
  const tagged = new Set([...tags.values()].slice(0, KEPT_TAGGED));
  const latest = tags.get('latest');
  if (latest !== undefined) tagged.add(latest);
  const firstNewest = releases.length - KEPT_NEWEST;
  return releases.filter((release, i) => i >= firstNewest || tagged.has(release.version));
}

/** A tag keeps its place where its version stayed; the others have nowhere to point to. */
function keptTags(kept: readonly Release[], tags: ReadonlyMap<string, string>): Map<string, string> {
  const versions = new Set(kept.map((release) => release.version));
  return new Map([...tags].filter(([, version]) => versions.has(version)));
}

function writeDocument(listing: Listing<NpmDocument>, view: IndexView, selection: Selection): IndexPage {
  const full = view.representation !== 'abbreviated';
  const versions = record<unknown>();
  for (const release of selection.listed) {
    versions[release.version] = selection.anyAdmitted
      ? admittedManifest(listing, view, release, full)
      : refusedManifest(listing, view, release);
  }
  const time = writeTime(listing.document, selection.listed);
  const restrictions = writeRestrictions(listing, view, selection.admitted);
  const modified = time['modified'];
  return page(
    {
      ...(full ? { _id: listing.name } : {}),
      name: listing.name,
      ...(modified === undefined ? {} : { modified }),
      'dist-tags': selection.tags,
      versions,
      time,
      ...(restrictions ? { policyRestrictions: restrictions } : {}),
    },
    full ? JSON_TYPE : ABBREVIATED_TYPE,
  );
}

function admittedManifest(listing: Listing<NpmDocument>, view: IndexView, release: Release, full: boolean) {
  const written: Record<string, unknown> = full ? { _id: `${listing.name}@${release.version}` } : {};
  for (const field of Object.keys(release.manifest)) {
    if (full || !FULL_ONLY.has(field)) written[field] = release.manifest[field];
  }
  const decided = view.files.get(release.filename);
  written['dist'] = {
    ...release.manifest.dist,
    tarball: `${view.base}${listing.name}/-/${release.filename}`,
    ...(decided && writeEvidence(listing.name, release.version, view.base, decided)),
  };
  return written;
}

/**
 * A refused version where nothing else is left to choose. Every client takes it, shows `deprecated` or asks for
 * the tarball, and so comes to a refusal that it prints. Without integrity, so nothing can be installed as it.
 */
function refusedManifest(listing: Listing<NpmDocument>, view: IndexView, release: Release) {
  const code = refusalOf(view, release);
  return {
    name: listing.name,
    version: release.version,
    deprecated: view.message(release.version, code, whyOf(view, release)),
    dist: { tarball: `${view.base}${listing.name}/-/blocked/${code}/${release.filename}` },
  };
}

/** `time` is in the abbreviated form too: yarn 4 and pnpm hold a version without one to be too young. */
function writeTime(document: NpmDocument, listed: readonly Release[]): Record<string, string> {
  let oldest = document.created;
  let newest = document.modified;
  for (const { published } of listed) {
    if (!published) continue;
    if (!document.created && (!oldest || published.ms < oldest.ms)) oldest = published;
    if (!document.modified && (!newest || published.ms > newest.ms)) newest = published;
  }
  const time = record<string>();
  if (oldest) time['created'] = oldest.text;
  if (newest) time['modified'] = newest.text;
  for (const { version, published } of listed) if (published) time[version] = published.text;
  return time;
}

/**
 * npm's own way to say that a version exists and may not be had: a range takes an admitted version, an exact
 * or unmet one prints the message. Each entry needs its `version`, or npm takes it for a version to install.
 */
function writeRestrictions(
  listing: Listing<NpmDocument>,
  view: IndexView,
  admitted: readonly boolean[],
): { readonly message: string; readonly versions: Record<string, { version: string }> } | null {
  const refused = listing.document.releases.filter((_, i) => admitted[i] !== true);
  if (refused.length === 0) return null;
  const versions = record<{ version: string }>();
  for (const { version } of refused) versions[version] = { version };
  const lines = new Map<ReasonCode, string>();
  for (const release of refused.toReversed()) {
    const code = refusalOf(view, release);
    if (!lines.has(code)) lines.set(code, view.message(release.version, code, whyOf(view, release)));
    if (lines.size === MESSAGE_LINES) break;
  }
  return { message: [...lines.values()].join('\n'), versions };
}

function writeVersion(
  listing: Listing<NpmDocument>,
  view: IndexView,
  selection: Selection,
  asked: string,
): IndexPage {
  const version = parseVersion(asked) === asked ? asked : taggedVersion(selection, asked);
  const release = listing.document.releases.find((one) => one.version === version);
  if (!release)
    return refusal(view, TAG.test(asked) || version !== null ? asked : 'unknown', 'UNKNOWN_VERSION');
  if (view.files.get(release.filename)?.allowed !== true) {
    return refusal(view, release.version, refusalOf(view, release), whyOf(view, release));
  }
  return page(admittedManifest(listing, view, release, true));
}

function taggedVersion(selection: Selection, tag: string): string | null {
  return Object.hasOwn(selection.tags, tag) ? (selection.tags[tag] ?? null) : null;
}

/** A file on which nothing was decided is refused: no rule spoke for it. */
function refusalOf(view: IndexView, release: Release): ReasonCode {
  return view.files.get(release.filename)?.code ?? 'VERSION_NOT_ALLOWED';
}

function whyOf(view: IndexView, release: Release): string | undefined {
  return view.files.get(release.filename)?.why;
}

function refusal(view: IndexView, version: string, code: ReasonCode, why?: string): IndexPage {
  const body = jsonBytes({ error: view.message(version, code, why), code });
  return { status: 403, contentType: JSON_TYPE, body, code };
}

function page(document: unknown, contentType: string = JSON_TYPE): IndexPage {
  return { status: 200, contentType, body: jsonBytes(document) };
}
