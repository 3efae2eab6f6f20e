import semver from 'semver';
import type { PackageName } from '../../model/artifact.ts';
import { sha256 } from '../../model/digest.ts';
import type { ListedFile, Listing } from '../../model/listing.ts';
import { IndexUnreadable } from '../ecosystem.ts';
import { type Instant, readInstant } from './instant.ts';
import { isObject, type JsonObject, own, parseObject } from './json.ts';
import { type Release, readRelease } from './release.ts';
import { SpecMemory } from './specs.ts';
import { parseVersion } from './versions.ts';

/** What is kept of a packument. Plain data, so that a worker thread can hand it over. */
export interface NpmDocument {
  /** In ascending order of semver. */
  readonly releases: readonly Release[];
  /** What the index says of each file's install, as it says it (`installManifestOf` reads it). */
  readonly said: ReadonlyMap<string, JsonObject>;
  /** Tag → version, as the upstream has them; the version need not be in `releases`. */
  readonly tags: ReadonlyMap<string, string>;
  readonly created: Instant | null;
  readonly modified: Instant | null;
}

/** Far above any real package; a document beyond it is no packument. */
const MAX_VERSIONS = 100_000;
const MAX_TAGS = 100_000;

/** What may stand for a tag: in a served document, and behind the name in a path. */
export const TAG = /^[A-Za-z0-9][A-Za-z0-9._~-]{0,127}$/;

/**
 * Reads a packument: `name`, `versions`, `dist-tags`, `time` as the registry writes them, in the full or the
 * abbreviated form. A release that cannot be read is left out, so no client is offered it.
 * @throws IndexUnreadable where the document is not a packument of `name`.
 */
export function readPackument(name: PackageName, bytes: Uint8Array): Listing<NpmDocument> {
  const packument = parsePackument(name, bytes);
  const time = optionalObject(packument, 'time');
  const versions = readVersionsObject(packument, time);
  const keys = Object.keys(versions);
  if (keys.length > MAX_VERSIONS) throw new IndexUnreadable('too many versions');

  const files = new Map<string, ListedFile>();
  const said = new Map<string, JsonObject>();
  const sorted: { readonly order: semver.SemVer; readonly release: Release }[] = [];
  const specs = new SpecMemory();
  for (const key of keys) {
    // Only the normal form: two spellings of one version could carry two digests.
    if (parseVersion(key) !== key) continue;
    const manifest = versions[key];
    const read = isObject(manifest) ? readRelease(name, key, manifest, own(time, key), specs) : null;
    if (!read) continue;
    files.set(read.file.filename, read.file);
    said.set(read.file.filename, read.said);
    sorted.push({ order: new semver.SemVer(key), release: read.release });
  }
  sorted.sort((a, b) => a.order.compare(b.order));

  return {
    ecosystem: 'npm',
    name,
    digest: sha256(bytes),
    quarantined: false,
    files,
    document: {
      releases: sorted.map((entry) => entry.release),
      said,
      tags: readTags(packument),
      created: readInstant(own(time, 'created')),
      modified: readInstant(own(time, 'modified')) ?? readInstant(own(packument, 'modified')),
    },
  };
}

function parsePackument(name: PackageName, bytes: Uint8Array): JsonObject {
  const parsed = parseObject(bytes);
  if (!parsed) throw new IndexUnreadable('no JSON object in UTF-8');
  if (own(parsed, 'name') !== name) throw new IndexUnreadable('of another package than was asked for');
  return parsed;
}

function readVersionsObject(packument: JsonObject, time: JsonObject): JsonObject {
  const versions = own(packument, 'versions');
  if (isObject(versions)) return versions;
  // An unpublished package keeps its document, with the time of its end and without versions.
  if (versions === undefined && isObject(own(time, 'unpublished'))) return {};
  throw new IndexUnreadable('no versions');
}

function optionalObject(packument: JsonObject, key: string): JsonObject {
  const value = own(packument, key);
  if (value === undefined) return {};
  if (!isObject(value)) throw new IndexUnreadable(`${key} is no object`);
  return value;
}

function readTags(packument: JsonObject): Map<string, string> {
  const value = own(packument, 'dist-tags');
  if (value === undefined && own(packument, 'versions') === undefined) return new Map();
  if (!isObject(value)) throw new IndexUnreadable('no dist-tags');
  const tags = new Map<string, string>();
  const keys = Object.keys(value);
  if (keys.length > MAX_TAGS) throw new IndexUnreadable('too many dist-tags');
  for (const tag of keys) {
    const version = value[tag];
    // A tag that looks like a version would shadow that version in `/name/1.2.3`.
    if (!TAG.test(tag) || parseVersion(tag) !== null || typeof version !== 'string') continue;
    if (parseVersion(version) === version) tags.set(tag, version);
  }
  return tags;
}
