import type { EvidenceDetail } from '../model/decision.ts';
import { CAUSES, type EvidenceName } from '../model/evidence.ts';

const CALLED: Record<EvidenceName, string> = {
  'registry-signature': 'registry signature',
  provenance: 'provenance',
};

/** What is wrong with evidence in our own words, for people; every value in it was held to a grammar. */
export function evidenceWords({ check, cause, field, expected, found }: EvidenceDetail): string | null {
  if (cause) return `its ${CALLED[check]} ${CAUSES[cause]}`;
  if (!field) return null;
  const is = found === undefined ? `does not say its ${field}` : `says ${field} ${found}`;
  return `its ${CALLED[check]} ${is}${expected === undefined ? '' : `, and ${expected} is asked for`}`;
}
