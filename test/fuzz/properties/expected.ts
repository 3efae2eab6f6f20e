import assert from 'node:assert/strict';
import { inspectionVerdicts } from '../../../src/verify/inspect.ts';
import type { Inspection } from '../../../src/verify/verify.ts';

/** Whatever the bytes: an answer, and never a good verdict beside a bad finding. */
export function expectAnswer(inspection: Inspection): void {
  const codes = new Set(inspection.findings.map(({ code }) => code));
  const [archive, metadata] = inspectionVerdicts(inspection);
  assert.equal(archive?.result, codes.has('ARCHIVE_UNSAFE') ? 'failed' : 'verified');
  assert.equal(
    metadata?.result === 'verified',
    inspection.metadata !== null && !codes.has('METADATA_MISMATCH'),
  );
}
