import semver from 'semver';
import { installManifestOf } from '../../model/install-manifest.ts';
import { readManifestLicence } from '../../model/licence.ts';
import { Findings } from '../archive/findings.ts';
import { gunzip } from '../archive/gunzip.ts';
import { Meter } from '../archive/meter.ts';
import { type ArchivePath, folded } from '../archive/path.ts';
import { walkTar } from '../archive/tar.ts';
import { ArchiveUnsafe } from '../archive/unsafe.ts';
import { BundledFinds } from '../bundled.ts';
import type { ByteSource, Expected, Inspection, InspectionLimits } from '../verify.ts';
import { pulledIn } from './dependencies.ts';
import { asksForBuild, installScript, type Manifest, own, readManifest } from './manifest.ts';
import { shrinkwrapLeadsAway } from './shrinkwrap.ts';
import { fieldThatLeadsAway } from './spec.ts';

/**
 * Inspects an npm tarball as an install unpacks it: the first folder of each path, whatever its name, is
 * dropped. Bundled packages (`node_modules/…`) are installed with it and run their own scripts. Throws
 * ArchiveUnsafe.
 */
export async function inspectNpmTarball(
  source: ByteSource,
  expected: Expected,
  limits: InspectionLimits,
): Promise<Inspection> {
  const findings = new Findings();
  const bundled = new BundledFinds();
  const seen = new Set<string>();
  let metadata: Uint8Array | null = null;
  let manifest: string | null = null;
  let dependencies: readonly string[] | null = null;
  let licence: string | null = null;
  const options = { wants: isDocument, leadingDot: false };
  for await (const entry of walkTar(gunzip(source), new Meter(source.size, limits), options)) {
    const role = roleOf(entry.path);
    if (entry.folder) continue;
    // Some unpackers drop such a file, some keep it.
    if (entry.path.segments.length < 2)
      throw new ArchiveUnsafe('file outside the top folder', entry.path.text);
    if (role === 'other') continue;
    const place = installed(entry.path);
    // Two top folders are one after unpacking, and readers differ about which file stays.
    if (seen.has(place)) throw new ArchiveUnsafe('two files in one place', place);
    seen.add(place);
    if (role === 'gyp') {
      findings.add('NATIVE_BUILD', place);
      continue;
    }
    if (!entry.bytes) throw new ArchiveUnsafe('document that was not read', place);
    const document = readManifest(entry.bytes, place);
    if (role === 'lock') {
      if (shrinkwrapLeadsAway(document, expected.host ?? null)) findings.add('DIRECT_URL', place);
      continue;
    }
    if (installScript(document)) findings.add('INSTALL_SCRIPT', place);
    if (asksForBuild(document)) findings.add('NATIVE_BUILD', place);
    // Of bundled ones too: what such a one depends on and what is not bundled, npm fetches at the next install.
    if (fieldThatLeadsAway(document)) findings.add('DIRECT_URL', place);
    if (place !== 'package.json') {
      bundled.add(own(document, 'name') ?? folderName(entry.path), own(document, 'version'));
      continue;
    }
    if (!names(document, expected)) findings.add('METADATA_MISMATCH', place);
    metadata = entry.bytes;
    manifest = installManifestOf(document);
    dependencies = pulledIn(document);
    licence = readManifestLicence(own(document, 'license'), own(document, 'licenses'));
  }
  if (!metadata) throw new ArchiveUnsafe('no package.json');
  return {
    findings: findings.list,
    metadata,
    manifest,
    licence,
    bundled: bundled.found,
    dependencies,
    places: [],
  };
}

function isDocument(path: ArchivePath): boolean {
  const role = roleOf(path);
  return role === 'manifest' || role === 'lock';
}

function names(manifest: Manifest, { name, version }: Expected): boolean {
  const said = own(manifest, 'version');
  const clean = typeof said === 'string' ? semver.clean(said, { loose: true }) : null;
  return own(manifest, 'name') === name && clean !== null && clean === semver.clean(version, { loose: true });
}

type Role = 'manifest' | 'gyp' | 'lock' | 'other';

/** What a file is for, by its place after unpacking. Throws where that depends on the file system. */
function roleOf(path: ArchivePath): Role {
  const place = installed(path);
  const role = roleOfPlace(place);
  if (role === 'other' && roleOfPlace(folded(place)) !== 'other') {
    throw new ArchiveUnsafe('a name that is another one on other file systems', path.text);
  }
  return role;
}

/**
 * What npm takes a tree from: where an index says that there is a shrinkwrap, a package-lock.json will do for one;
 * and what is bundled, it reads from the hidden lockfile rather than from the manifests, if that one is there.
 */
const LOCKS: ReadonlySet<string> = new Set(['npm-shrinkwrap.json', 'package-lock.json']);
const HIDDEN_LOCK = /^(.*\/)?node_modules\/\.package-lock\.json$/s;

/** A `binding.gyp` makes clients run node-gyp, also where neither manifest nor index says so. */
function roleOfPlace(place: string): Role {
  if (LOCKS.has(place) || HIDDEN_LOCK.test(place)) return 'lock';
  const folders = place.split('/');
  const file = folders.pop() ?? '';
  const role = file === 'package.json' ? 'manifest' : file === 'binding.gyp' ? 'gyp' : 'other';
  return role !== 'other' && isPackageFolder(folders) ? role : 'other';
}

/** The package's own folder, or that of a bundled one: `node_modules/a`, `node_modules/@s/b/node_modules/c`. */
function isPackageFolder(folders: readonly string[]): boolean {
  let at = 0;
  while (at < folders.length) {
    if (folders[at] !== 'node_modules') return false;
    // `node_modules/@s` is no package for npm; other loaders may take it for one.
    const scoped = folders[at + 1]?.startsWith('@') === true && folders.length > at + 2;
    at += scoped ? 3 : 2;
  }
  return at === folders.length;
}

/** The name that a bundled package is found by: that of its folder, with its scope. */
function folderName(path: ArchivePath): string {
  const folders = path.segments.slice(0, -1);
  return folders.slice(folders.lastIndexOf('node_modules') + 1).join('/');
}

function installed(path: ArchivePath): string {
  return path.segments.slice(1).join('/');
}
