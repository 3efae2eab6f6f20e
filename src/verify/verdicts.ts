import type { FindingCode } from '../model/finding.ts';
import type { Verdict } from '../model/verdict.ts';
import type { Inspection } from './verify.ts';

/** The verdicts `archive` and `metadata` of an inspection. An unsafe archive's metadata is `unchecked`. */
export function inspectionVerdicts(inspection: Pick<Inspection, 'findings' | 'metadata'>): Verdict[] {
  const has = (code: FindingCode): boolean => inspection.findings.some((found) => found.code === code);
  if (has('ARCHIVE_UNSAFE')) {
    return [
      { check: 'archive', result: 'failed', code: 'ARCHIVE_UNSAFE' },
      { check: 'metadata', result: 'unchecked', code: 'ARCHIVE_UNSAFE' },
    ];
  }
  return [
    { check: 'archive', result: 'verified' },
    has('METADATA_MISMATCH') || inspection.metadata === null
      ? { check: 'metadata', result: 'failed', code: 'METADATA_MISMATCH' }
      : { check: 'metadata', result: 'verified' },
  ];
}
