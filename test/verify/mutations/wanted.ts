import type { Signer } from '../../../src/model/evidence.ts';
import { NO_BASELINE } from '../../../src/model/evidence.ts';
import { judgeEvidence } from '../../../src/policy/judge/evidence.ts';
import { type EvidenceLevel, type Identity, STRICT } from '../../../src/policy/profile.ts';
import { isHosted } from '../../../src/policy/providers.ts';
import { downloadOf, listingOf } from '../../policy/questions.ts';

/** The identity that names all that can be named of a signer. */
export function identityOf(signer: Signer): Identity {
  return {
    repository: signer.repository,
    workflow: signer.workflow,
    issuer: signer.issuer,
    ref: signer.ref,
    environment: signer.environment,
    ownerId: signer.ownerId,
    subject: signer.subject,
    triggers: signer.trigger === null ? null : [signer.trigger],
    selfHosted: !isHosted(signer),
    predicate: signer.predicate,
  };
}

/**
 * The codes with which a policy refuses provenance by `found`: one that pins the signer `wanted`, and one that holds
 * it to what an earlier version had.
 */
export function refusals(
  found: readonly Signer[],
  wanted: Signer,
): { readonly pinned: readonly string[]; readonly before: readonly string[] } {
  return {
    pinned: codesUnder(identityOf(wanted), found, null),
    before: codesUnder('no-downgrade', found, wanted),
  };
}

function codesUnder(
  provenance: EvidenceLevel | Identity,
  signers: readonly Signer[],
  baseline: Signer | null,
): string[] {
  const question = downloadOf(
    listingOf('widget', '1.2.3', { baseline: { ...NO_BASELINE, provenance: true, signer: baseline } }),
    { evidence: [{ check: 'provenance', result: 'verified', signers, documents: [] }] },
  );
  const { reasons } = judgeEvidence({ ...STRICT, registrySignature: 'off', provenance }, null, question);
  return reasons.map(({ code }) => code);
}
