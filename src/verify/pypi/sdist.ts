import { Findings } from '../archive/findings.ts';
import { gunzip } from '../archive/gunzip.ts';
import { Links } from '../archive/links.ts';
import { Meter } from '../archive/meter.ts';
import { type ArchivePath, folded } from '../archive/path.ts';
import { walkTar } from '../archive/tar.ts';
import { ArchiveUnsafe } from '../archive/unsafe.ts';
import { openZip } from '../archive/zip.ts';
import { addDistribution, BundledFinds } from '../bundled.ts';
import type { ByteSource, Expected, Inspection, InspectionLimits } from '../verify.ts';
import { leadsAway, readCoreMetadata } from './core-metadata.ts';
import { pulledInBySource } from './dependencies.ts';
import { licenceOf } from './licence.ts';
import { agrees } from './names.ts';
import { readPyproject } from './pyproject.ts';
import { setupLeadsAway } from './setup-cfg.ts';
import { isSdistHook } from './startup-hooks.ts';

const DOCUMENTS = ['PKG-INFO', 'pyproject.toml', 'setup.cfg'] as const;
type DocumentName = (typeof DOCUMENTS)[number];

/**
 * Inspects a source distribution (.tar.gz or .zip): one top folder, with a PKG-INFO of the expected name and
 * version in it. What its build would do cannot be seen; of which of its own code a build runs, what is known is said
 * (BUILD_HOOK). Throws ArchiveUnsafe, for other formats too.
 */
export async function inspectSdist(
  source: ByteSource,
  expected: Expected,
  limits: InspectionLimits,
): Promise<Inspection> {
  const findings = new Findings();
  const bundled = new BundledFinds();
  const documents = /\.zip$/i.test(expected.filename)
    ? await documentsOfZip(source, limits, findings, bundled)
    : await documentsOfTar(source, limits, findings, bundled);
  const metadata = documents.get('PKG-INFO') ?? null;
  const pyproject = documents.get('pyproject.toml');
  const core = metadata ? readCoreMetadata(metadata) : null;
  if (!core || !agrees(core, expected)) findings.add('METADATA_MISMATCH', 'PKG-INFO');
  if (core && leadsAway(core)) findings.add('DIRECT_URL', 'PKG-INFO');
  const setup = documents.get('setup.cfg');
  if (setup && setupLeadsAway(setup)) findings.add('DIRECT_URL', 'setup.cfg');
  if (pyproject) {
    const { leadsAway: away, hooks } = readPyproject(pyproject);
    if (away) findings.add('DIRECT_URL', 'pyproject.toml');
    for (const key of hooks) findings.add('BUILD_HOOK', `pyproject.toml#${key}`);
  }
  return {
    findings: findings.list,
    metadata,
    manifest: null,
    dependencies: core && pulledInBySource(core),
    places: [],
    licence: core && licenceOf(core),
    bundled: bundled.found,
  };
}

type Documents = ReadonlyMap<DocumentName, Uint8Array>;

async function documentsOfTar(
  source: ByteSource,
  limits: InspectionLimits,
  findings: Findings,
  bundled: BundledFinds,
): Promise<Documents> {
  const documents = new Map<DocumentName, Uint8Array>();
  const top = new TopFolder();
  const options = {
    wants: (path: ArchivePath) => documentName(path) !== null,
    leadingDot: true,
    links: true,
  };
  const links = new Links();
  for await (const { path, folder, bytes, link } of walkTar(
    gunzip(source),
    new Meter(source.size, limits),
    options,
  )) {
    top.add(path, folder);
    links.add(path, folder, link);
    addDistribution(bundled, path);
    if (!folder) addHooks(findings, path);
    const name = documentName(path);
    if (name && link !== null) throw new ArchiveUnsafe('link in the place of a document', path.text);
    if (!bytes || !name) continue;
    if (documents.has(name)) throw new ArchiveUnsafe('two files in one place', path.text);
    documents.set(name, bytes);
  }
  links.check();
  return documents;
}

async function documentsOfZip(
  source: ByteSource,
  limits: InspectionLimits,
  findings: Findings,
  bundled: BundledFinds,
): Promise<Documents> {
  const documents = new Map<DocumentName, Uint8Array>();
  const top = new TopFolder();
  const zip = await openZip(source, new Meter(source.size, limits));
  for (const entry of zip.entries) {
    top.add(entry.path, entry.path.folder);
    addDistribution(bundled, entry.path);
    if (!entry.path.folder) addHooks(findings, entry.path);
    const name = documentName(entry.path);
    if (name && !entry.path.folder) documents.set(name, await zip.read(entry));
  }
  // Every file is unpacked, as of a wheel: length and CRC-32 of each are right.
  await zip.walk(() => null);
  return documents;
}

function addHooks(findings: Findings, path: ArchivePath): void {
  if (isSdistHook(path)) findings.add('STARTUP_HOOK', path.text);
  if (path.segments.length === 2 && folded(path.segments[1] ?? '') === 'setup.py')
    findings.add('BUILD_HOOK', path.text);
}

/** Installers enter the one folder of a source distribution; of two, each has its own idea. */
class TopFolder {
  #name: string | null = null;

  add(path: ArchivePath, folder: boolean): void {
    const top = path.segments[0] ?? '';
    if (!folder && path.segments.length < 2)
      throw new ArchiveUnsafe('file outside the top folder', path.text);
    this.#name ??= top;
    if (this.#name !== top) throw new ArchiveUnsafe('two top folders', path.text);
  }
}

function documentName(path: ArchivePath): DocumentName | null {
  if (path.segments.length !== 2) return null;
  const file = path.segments[1] ?? '';
  for (const name of DOCUMENTS) {
    if (file === name) return name;
    if (folded(file) === folded(name)) {
      throw new ArchiveUnsafe('a name that is another one on other file systems', path.text);
    }
  }
  return null;
}
