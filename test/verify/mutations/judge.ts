import type { EvidenceJob, EvidenceVerdict, Signer } from '../../../src/model/evidence.ts';
import { checkEvidence } from '../../../src/verify/evidence.ts';
import type { Trust } from '../../../src/verify/trust.ts';

/** What became of an altered document: refused with a cause, or verified, by these signers. */
export type Outcome =
  | { readonly refused: string; readonly signers?: never }
  | { readonly refused: null; readonly signers: readonly Signer[] };

/** Checks as the product does. Throws where the answer is none that it may give. */
export function judge(trust: Trust, job: EvidenceJob, now: number): Outcome {
  const verdict: EvidenceVerdict = checkEvidence(trust, job, now);
  switch (verdict.result) {
    case 'verified':
      return { refused: null, signers: verdict.signers };
    case 'failed':
    case 'unchecked':
      if (verdict.cause === undefined || verdict.code === undefined)
        throw new Error('refused without a cause');
      if (verdict.signers.length > 0) throw new Error('refused, and yet it names signers');
      return { refused: verdict.cause };
    case 'absent':
      throw new Error('a document that is here was called absent');
  }
}
