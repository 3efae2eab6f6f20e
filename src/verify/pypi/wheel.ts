import { Findings } from '../archive/findings.ts';
import { Meter } from '../archive/meter.ts';
import { folded } from '../archive/path.ts';
import { ArchiveUnsafe } from '../archive/unsafe.ts';
import { openZip } from '../archive/zip.ts';
import { addDistribution, BundledFinds } from '../bundled.ts';
import type { ByteSource, Expected, Inspection, InspectionLimits } from '../verify.ts';
import { readCoreMetadata } from './core-metadata.ts';
import { pulledIn } from './dependencies.ts';
import { Installed } from './installed.ts';
import { licenceOf } from './licence.ts';
import { inspectMetadata } from './metadata.ts';
import { stemAgrees } from './names.ts';
import { checkRecord } from './record.ts';
import { isWheelHook } from './startup-hooks.ts';
import { MAX_WHEEL_DOCUMENT, wheelAgrees } from './wheel-document.ts';

const INFO = '.dist-info';

/**
 * Inspects a wheel (PEP 427, PyPA binary distribution format): one .dist-info folder of the expected name and
 * version, with METADATA that says the same, WHEEL of the same tags, and a RECORD that lists every file with its right hash; and files
 * that run at every start, or land where those of something else belong. Throws ArchiveUnsafe.
 */
export async function inspectWheel(
  source: ByteSource,
  expected: Expected,
  limits: InspectionLimits,
): Promise<Inspection> {
  const zip = await openZip(source, new Meter(source.size, limits));
  const findings = new Findings();
  const bundled = new BundledFinds();
  const infos = new Set<string>();
  for (const { path } of zip.entries) {
    if (!path.folder && isWheelHook(path)) findings.add('STARTUP_HOOK', path.text);
    addDistribution(bundled, path);
    const top = path.segments[0] ?? '';
    if (!folded(top).endsWith(INFO)) continue;
    infos.add(top);
    // On a file system without case this would be another METADATA.
    const file = path.segments.slice(1).join('/');
    for (const name of ['METADATA', 'WHEEL', 'RECORD', 'entry_points.txt', 'direct_url.json']) {
      if (file !== name && folded(file) === folded(name))
        throw new ArchiveUnsafe('second METADATA', path.text);
    }
  }
  const [info = ''] = infos;
  const byPath = new Map(zip.entries.map((entry) => [entry.path.text, entry]));
  const entry = byPath.get(`${info}/METADATA`);
  if (infos.size !== 1 || !entry || entry.path.folder) {
    findings.add('METADATA_MISMATCH', info);
    await zip.walk(() => null);
    return {
      findings: findings.list,
      metadata: null,
      manifest: null,
      dependencies: null,
      places: [],
      licence: null,
      bundled: bundled.found,
    };
  }
  const metadata = await zip.read(entry);
  const installed = new Installed(findings, expected.name);
  for (const one of zip.entries) installed.addEntry(one, info);
  const scripts = byPath.get(`${info}/entry_points.txt`);
  if (scripts && !scripts.path.folder) installed.addEntryPoints(await zip.read(scripts), scripts.path.text);
  await checkRecord(zip, info, limits, (one) => installed.sinkOf(one));
  const place = `${info}/WHEEL`;
  const wheel = byPath.get(place);
  const said = wheel && !wheel.path.folder ? await zip.read(wheel, MAX_WHEEL_DOCUMENT) : null;
  if (!said || !wheelAgrees(said, expected.filename, place)) findings.add('METADATA_MISMATCH', place);
  if (!info.endsWith(INFO) || !stemAgrees(info.slice(0, -INFO.length), expected)) {
    findings.add('METADATA_MISMATCH', info);
  }
  for (const { code, place } of inspectMetadata(metadata, expected, `${info}/METADATA`))
    findings.add(code, place);
  const core = readCoreMetadata(metadata);
  // PEP 610 leaves it to installers. One that comes along makes a later `pip freeze` tell an address.
  const origin = byPath.get(`${info}/direct_url.json`);
  if (origin) findings.add('DIRECT_URL', origin.path.text);
  const { places } = installed;
  return {
    findings: findings.list,
    metadata,
    manifest: null,
    dependencies: pulledIn(core),
    places,
    licence: licenceOf(core),
    bundled: bundled.found,
  };
}
