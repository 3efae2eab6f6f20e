import type { PackageName } from '../../model/artifact.ts';
import { digestsOfSri } from '../../model/digest.ts';
import { readManifestLicence } from '../../model/licence.ts';
import type { ListedFile } from '../../model/listing.ts';
import { readEvidence } from './evidence.ts';
import { MANIFEST_FIELDS, ReleaseUnreadable, readDist } from './fields.ts';
import { tarballName } from './filenames.ts';
import { type Instant, readInstant } from './instant.ts';
import { isObject, type JsonObject, own } from './json.ts';
import type { SpecMemory } from './specs.ts';

/** A manifest cut down to the fields that we serve; `dist` without its `tarball`, which depends on the asker. */
export type Manifest = Readonly<Record<string, unknown>> & { readonly dist: object };

/** One version that could be read. */
export interface Release {
  readonly version: string;
  readonly filename: string;
  readonly prerelease: boolean;
  readonly published: Instant | null;
  readonly manifest: Manifest;
}

const MAX_URL = 2048;
const MAX_SRI = 4096;

/**
 * Reads one version of a packument; null where it cannot be read. `version` is the key under which it stands,
 * already in normal form; `time` is what the packument's `time` says of it.
 */
export function readRelease(
  name: PackageName,
  version: string,
  raw: JsonObject,
  time: unknown,
  specs: SpecMemory,
): { readonly file: ListedFile; readonly release: Release; readonly said: JsonObject } | null {
  if (own(raw, 'name') !== name || own(raw, 'version') !== version) return null;
  const dist = own(raw, 'dist');
  if (!isObject(dist)) return null;
  const url = readUrl(own(dist, 'tarball'));
  if (url === null) return null;

  const manifest: Record<string, unknown> = { name, version };
  try {
    for (const field of MANIFEST_FIELDS) {
      const value = field.read(own(raw, field.name) ?? own(raw, field.alias ?? field.name), specs);
      if (value !== undefined) manifest[field.name] = value;
    }
  } catch (error) {
    if (error instanceof ReleaseUnreadable) return null;
    throw error;
  }
  const installScripts = runsOnInstall(raw);
  if (installScripts) manifest['hasInstallScript'] = true;
  const sri = own(dist, 'integrity');
  const digests = typeof sri === 'string' && sri.length <= MAX_SRI ? digestsOfSri(sri) : [];
  const published = readInstant(time);
  const filename = tarballName(name, version);
  return {
    file: {
      filename,
      version,
      kind: 'npm-tarball',
      url,
      digests,
      size: null,
      claimedAt: published?.ms ?? null,
      yanked: false,
      metadataDigest: null,
      installScripts,
      ...readDependencies(manifest, specs),
      licence: readManifestLicence(own(raw, 'license'), own(raw, 'licenses')),
      evidence: readEvidence(name, version, dist),
    },
    release: {
      version,
      filename,
      prerelease: version.includes('-'),
      published,
      manifest: { ...manifest, dist: readDist(dist, digests) },
    },
    said: saidOf(raw),
  };
}

/** The fields that `installManifestOf` reads. Listings are kept: the rest of a manifest is not kept with them. */
const COMPARED = [
  'name',
  'version',
  'dependencies',
  'optionalDependencies',
  'peerDependencies',
  'peerDependenciesMeta',
  'bundleDependencies',
  'bundledDependencies',
  'bin',
  'directories',
  'scripts',
  'os',
  'cpu',
] as const;

function saidOf(raw: JsonObject): JsonObject {
  const said: Record<string, unknown> = {};
  for (const field of COMPARED) {
    const value = own(raw, field);
    if (value !== undefined) said[field] = value;
  }
  return said;
}

function readUrl(value: unknown): string | null {
  if (typeof value !== 'string' || value.length > MAX_URL) return null;
  const url = URL.parse(value);
  if (url === null || (url.protocol !== 'https:' && url.protocol !== 'http:')) return null;
  return url.username === '' && url.password === '' ? url.href : null;
}

const INSTALL_SCRIPTS = ['preinstall', 'install', 'postinstall'] as const;

/** True unless the manifest clearly says no. `prepare` is left out: no client runs it for a registry's package. */
function runsOnInstall(raw: JsonObject): boolean {
  for (const flag of ['hasInstallScript', 'gypfile']) {
    const value = own(raw, flag);
    if (value !== undefined && value !== null && value !== false) return true;
  }
  const scripts = own(raw, 'scripts');
  if (!isObject(scripts)) return false;
  return INSTALL_SCRIPTS.some((script) => {
    const value = own(scripts, script);
    return value !== undefined && value !== null && value !== '';
  });
}

/** Aliases of one version: no published package has nearly as many, and each is in the entry of a decision. */
const MAX_ALIASES = 64;

/** What the dependencies ask for beside names of the index: addresses, and other names than they say. */
function readDependencies(
  manifest: JsonObject,
  specs: SpecMemory,
): { readonly directUrls: boolean; readonly aliases?: readonly PackageName[] } {
  const aliases = new Set<PackageName>();
  let directUrls = false;
  for (const field of ['dependencies', 'optionalDependencies', 'peerDependencies']) {
    const dependencies = own(manifest, field);
    if (!isObject(dependencies)) continue;
    for (const name of Object.keys(dependencies)) {
      const text = dependencies[name];
      const spec = typeof text === 'string' ? specs.read(text) : null;
      if (spec?.kind !== 'registry') directUrls = true;
      if (spec?.alias !== undefined) aliases.add(spec.alias);
    }
  }
  if (aliases.size === 0) return { directUrls };
  // What cannot all be told is as good as an address.
  return {
    directUrls: directUrls || aliases.size > MAX_ALIASES,
    aliases: [...aliases].sort().slice(0, MAX_ALIASES),
  };
}
