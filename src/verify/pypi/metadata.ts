import type { Finding } from '../../model/finding.ts';
import { Findings } from '../archive/findings.ts';
import type { Expected } from '../verify.ts';
import { leadsAway, readCoreMetadata } from './core-metadata.ts';
import { agrees } from './names.ts';

/**
 * What a wheel's METADATA shows, wherever it was read: in the wheel, or as the document of PEP 658 that a
 * resolver reads instead of it. Bytes of any kind end in findings.
 */
export function inspectMetadata(
  bytes: Uint8Array,
  expected: Pick<Expected, 'name' | 'version'>,
  place = 'METADATA',
): readonly Finding[] {
  const findings = new Findings();
  const core = readCoreMetadata(bytes);
  if (!agrees(core, expected)) findings.add('METADATA_MISMATCH', place);
  if (leadsAway(core)) findings.add('DIRECT_URL', place);
  return findings.list;
}
