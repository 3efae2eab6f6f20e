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
import { BundleList } from './bundle.ts';
import { commandFolder, commandsOf, isForeignCommand, lastPart } from './commands.ts';
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
  const bundle = new BundleList();
  const seen = new Set<string>();
  const foreign: string[] = [];
  let root: Manifest | null = null;
  let metadata: Uint8Array | null = null;
  let manifest: string | null = null;
  let dependencies: readonly string[] | null = null;
  let licence: string | null = null;
  const options = { wants: isDocument, leadingDot: false, links: false };
  for await (const entry of walkTar(gunzip(source), new Meter(source.size, limits), options)) {
    const role = roleOf(entry.path);
    if (entry.folder) continue;
    // Some unpackers drop such a file, some keep it.
    if (entry.path.segments.length < 2)
      throw new ArchiveUnsafe('file outside the top folder', entry.path.text);
    const place = installed(entry.path);
    bundle.file(place);
    // Whether its folder is one of commands, the manifest says, which may come later.
    if (foreign.length < MAX_FOREIGN && isForeignCommand(expected.name, lastPart(place))) foreign.push(place);
    if (role === 'other') continue;
    if (role === 'settings') {
      findings.add('FOREIGN_PLACE', place);
      continue;
    }
    if (role === 'elsewhere') {
      if (entry.bytes && runsCode(entry.bytes, place)) findings.add('INSTALL_SCRIPT', place);
      continue;
    }
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
      bundle.manifest(place, document);
      bundled.add(own(document, 'name') ?? folderName(entry.path), own(document, 'version'));
      continue;
    }
    if (!names(document, expected)) findings.add('METADATA_MISMATCH', place);
    root = document;
    metadata = entry.bytes;
    manifest = installManifestOf(document);
    dependencies = pulledIn(document);
    licence = readManifestLicence(own(document, 'license'), own(document, 'licenses'));
  }
  if (!metadata || !root) throw new ArchiveUnsafe('no package.json');
  for (const place of bundle.strangers(root)) findings.add('FOREIGN_PLACE', place);
  for (const command of commandsOf(root))
    if (isForeignCommand(expected.name, command))
      findings.add('FOREIGN_PLACE', `package.json#bin/${command}`);
  const folder = commandFolder(root);
  if (folder !== null)
    for (const place of foreign)
      if (folder === '' || folded(place).startsWith(`${folder}/`)) findings.add('FOREIGN_PLACE', place);
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
  return role === 'manifest' || role === 'lock' || role === 'elsewhere';
}

/** Files with the name of a platform's command that are remembered of one archive. */
const MAX_FOREIGN = 1_000;

/** No client reads such a manifest: what is none says nothing. */
function runsCode(bytes: Uint8Array, place: string): boolean {
  try {
    return installScript(readManifest(bytes, place)) !== null;
  } catch (error) {
    if (error instanceof ArchiveUnsafe) return false;
    throw error;
  }
}

function names(manifest: Manifest, { name, version }: Expected): boolean {
  const said = own(manifest, 'version');
  const clean = typeof said === 'string' ? semver.clean(said, { loose: true }) : null;
  return own(manifest, 'name') === name && clean !== null && clean === semver.clean(version, { loose: true });
}

/**
 * `settings`: an `.npmrc`, which npm reads wherever it is run in that folder, for git dependencies too. `elsewhere`: the
 * manifest of a package below a `node_modules` that no client links from, but any script can.
 */
type Role = 'manifest' | 'gyp' | 'lock' | 'settings' | 'elsewhere' | 'other';

/** What a file is for, by its place after unpacking. Throws where that depends on the file system. */
function roleOf(path: ArchivePath): Role {
  const place = installed(path);
  const role = roleOfPlace(place);
  const elsewhere = role === 'other' ? roleOfPlace(onWindows(folded(place))) : role;
  if (role === 'other' && elsewhere !== 'other' && elsewhere !== 'elsewhere') {
    throw new ArchiveUnsafe('a name that is another one on other file systems', path.text);
  }
  return role;
}

/** A folded place as Windows opens it: without streams, dots and spaces at the end of a name, and by what short names stand for. */
function onWindows(place: string): string {
  return place
    .split('/')
    .map((name) => {
      const stream = name.indexOf(':');
      let end = stream < 0 ? name.length : stream;
      while (end > 0 && '. '.includes(name[end - 1] ?? 'x')) end--;
      const plain = name.slice(0, end);
      return SHORT.get(plain.replace(/~[0-9]{1,6}/, '~')) ?? plain;
    })
    .join('/');
}

/** Names of eight and three characters, without their number. */
const SHORT: ReadonlyMap<string, string> = new Map([
  ['packag~.jso', 'package.json'],
  ['npm-sh~.jso', 'npm-shrinkwrap.json'],
  ['npmrc~', '.npmrc'],
  ['node_m~', 'node_modules'],
]);

/**
 * What npm takes a tree from: where an index says that there is a shrinkwrap, a package-lock.json will do for one;
 * and what is bundled, it reads from the hidden lockfile rather than from the manifests, if that one is there.
 */
const HIDDEN_LOCK = /^(.*\/)?node_modules\/\.package-lock\.json$/s;

/** A `binding.gyp` makes clients run node-gyp, also where neither manifest nor index says so. */
function roleOfPlace(place: string): Role {
  if (HIDDEN_LOCK.test(place)) return 'lock';
  const folders = place.split('/');
  const file = folders.pop() ?? '';
  const role = ROLES.get(file) ?? 'other';
  if (role === 'other' || isPackageFolder(folders)) return role;
  const last = folders.lastIndexOf('node_modules');
  return role === 'manifest' && last >= 0 && isPackageFolder(folders.slice(last)) ? 'elsewhere' : 'other';
}

const ROLES: ReadonlyMap<string, Role> = new Map([
  ['package.json', 'manifest'],
  ['binding.gyp', 'gyp'],
  // Of a bundled package, too: npm takes its tree from there where its manifest says `_hasShrinkwrap`.
  ['npm-shrinkwrap.json', 'lock'],
  ['package-lock.json', 'lock'],
  ['.npmrc', 'settings'],
]);

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
