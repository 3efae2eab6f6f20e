import { sha256 } from '../model/digest.ts';
import {
  type Cause,
  codeOfCause,
  EVIDENCE_KINDS,
  type EvidenceJob,
  type EvidenceKind,
  type EvidenceVerdict,
  type Signer,
} from '../model/evidence.ts';
import { EvidenceFault, type FaultResult } from './fault.ts';
import { checkNpmAttestations } from './npm/attestations.ts';
import { checkRegistrySignatures } from './npm/registry-signature.ts';
import { checkPypiProvenance } from './pypi/provenance.ts';
import type { Trust } from './trust.ts';

/**
 * Checks one document of evidence against one artifact. Pure and without I/O: keys and root come with `trust`,
 * `now` is milliseconds since 1970. It never throws on what a document holds: bytes that cannot be read, or that
 * say something else, are `failed`, and a key, identity or format that is not known is `unchecked`. `absent` is
 * never its answer. Whether the signer is one that the policy wants is not asked here, and so no identity provider
 * is preferred: whoever the trust root's certificate authority gave a certificate to is a signer, a self-hosted
 * GitLab's as well as a person's, and a policy that names a repository names its host with it, and may name `issuer`.
 */
export function checkEvidence(trust: Trust, job: EvidenceJob, now: number): EvidenceVerdict {
  const verdict = { check: EVIDENCE_KINDS[job.kind], documents: [sha256(job.bytes)] };
  const refused = (result: FaultResult, cause: Cause): EvidenceVerdict => {
    return { ...verdict, result, code: codeOfCause(verdict.check, cause), cause, signers: [] };
  };
  try {
    if (job.artifact.ecosystem !== ECOSYSTEM_OF[job.kind]) return refused('failed', 'subject-name');
    const { signers, cause } = check(trust, job, now);
    return { ...verdict, result: 'verified', ...(cause && { cause }), signers };
  } catch (error) {
    if (error instanceof EvidenceFault) return refused(error.result, error.cause);
    // What nobody foresaw is no verdict on the document, and certainly not a good one.
    return refused('unchecked', 'malformed');
  }
}

const ECOSYSTEM_OF: Record<EvidenceKind, string> = {
  'npm-signatures': 'npm',
  'npm-attestations': 'npm',
  'pypi-provenance': 'pypi',
};

interface Finding {
  readonly signers: readonly Signer[];
  readonly cause?: Cause | null;
}

function check(trust: Trust, job: EvidenceJob, now: number): Finding {
  switch (job.kind) {
    case 'npm-signatures':
      return { signers: [], cause: checkRegistrySignatures(trust, job, now) };
    case 'npm-attestations':
      return { signers: checkNpmAttestations(trust, job, now) };
    case 'pypi-provenance':
      return { signers: checkPypiProvenance(trust, job, now) };
  }
}
