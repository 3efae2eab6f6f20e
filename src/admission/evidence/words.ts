import type { EvidenceDetail } from '../../model/decision.ts';
import { CAUSES, type EvidenceName } from '../../model/evidence.ts';
import type { ReasonCode } from '../../model/reason-codes.ts';

const CALLED: Record<EvidenceName, string> = {
  'registry-signature': 'registry signature',
  provenance: 'provenance',
};

/**
 * What is wrong with evidence in our own words, for people; every value in it was held to a grammar. `code`: of the
 * reason, because what is expected is the policy's word, or that of earlier versions.
 */
export function evidenceWords(
  { check, cause, field, expected, found }: EvidenceDetail,
  code?: ReasonCode,
): string | null {
  if (cause) return `its ${CALLED[check]} ${CAUSES[cause]}`;
  if (!field) return null;
  const is = found === undefined ? `does not say its ${field}` : `says ${field} ${found}`;
  if (expected === undefined) return `its ${CALLED[check]} ${is}`;
  const wanted = code === 'SIGNER_CHANGED' ? `earlier versions say ${expected}` : `${expected} is asked for`;
  return `its ${CALLED[check]} ${is}, and ${wanted}`;
}
