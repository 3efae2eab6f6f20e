import { ArchiveUnsafe } from './archive/unsafe.ts';
import { NOTHING_CLAIMED } from './bundled.ts';
import { inspectNpmTarball } from './npm/tarball.ts';
import { inspectSdist } from './pypi/sdist.ts';
import { inspectWheel } from './pypi/wheel.ts';
import {
  type ByteSource,
  type Expected,
  INSPECTION_LIMITS,
  type Inspection,
  type InspectionLimits,
} from './verify.ts';

export { inspectionVerdicts } from './verdicts.ts';

/**
 * Looks through an artifact without unpacking it to disk, and compares it with what its index says. Bytes of
 * any kind end in an inspection: an archive that is broken, ambiguous or beyond a limit has the one finding
 * ARCHIVE_UNSAFE and no metadata. It rejects only where `source` does.
 */
export async function inspect(
  source: ByteSource,
  expected: Expected,
  limits: InspectionLimits = INSPECTION_LIMITS,
): Promise<Inspection> {
  try {
    switch (expected.kind) {
      case 'npm-tarball':
        return await inspectNpmTarball(source, expected, limits);
      case 'wheel':
        return await inspectWheel(source, expected, limits);
      case 'sdist':
        return await inspectSdist(source, expected, limits);
    }
  } catch (error) {
    if (!(error instanceof ArchiveUnsafe)) throw error;
    return {
      findings: [{ code: 'ARCHIVE_UNSAFE', place: error.place }],
      metadata: null,
      manifest: null,
      dependencies: null,
      places: [],
      licence: null,
      bundled: NOTHING_CLAIMED,
    };
  }
}
