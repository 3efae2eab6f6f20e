import { expect } from 'vitest';
import type { PackageName } from '../../src/model/artifact.ts';
import { sha256 } from '../../src/model/digest.ts';
import type { EvidenceJob, EvidenceKind, EvidenceVerdict } from '../../src/model/evidence.ts';
import { codeOfCause } from '../../src/model/evidence.ts';
import { checkEvidence } from '../../src/verify/evidence.ts';
import type { Trust } from '../../src/verify/trust.ts';

export const NPM = {
  ecosystem: 'npm',
  name: '@acme/widget' as PackageName,
  version: '1.2.3',
  filename: 'widget-1.2.3.tgz',
  sha256: `sha256:${'2b'.repeat(32)}`,
  sha512: `sha512:${'5a'.repeat(64)}`,
} as const satisfies EvidenceJob['artifact'];

export const PYPI = {
  ecosystem: 'pypi',
  name: 'widget' as PackageName,
  version: '1.2.3',
  filename: 'widget-1.2.3-py3-none-any.whl',
  sha256: `sha256:${'2b'.repeat(32)}`,
  sha512: `sha512:${'5a'.repeat(64)}`,
} as const satisfies EvidenceJob['artifact'];

/** The verdict on a document, which must be whole, whatever it says: check, code, documents and signers agree. */
export function checked(
  trust: Trust,
  now: number,
  kind: EvidenceKind,
  artifact: EvidenceJob['artifact'],
  bytes: Uint8Array,
): EvidenceVerdict {
  const verdict = checkEvidence(trust, { artifact, kind, bytes, claimedAt: null, neverAbsent: false }, now);
  expect(verdict.documents).toEqual([sha256(bytes)]);
  if (verdict.result === 'verified') expect(verdict).toMatchObject({ documents: [expect.any(String)] });
  else {
    expect(verdict.cause).toBeDefined();
    expect(verdict.code).toBe(verdict.cause && codeOfCause(verdict.check, verdict.cause));
    expect(verdict.signers).toEqual([]);
  }
  return verdict;
}

/** `verified`, or result and cause. */
export function words({ result, cause }: EvidenceVerdict): string {
  return cause === undefined ? result : `${result} ${cause}`;
}
