import type { EvidenceJob, EvidenceVerdict } from '../model/evidence.ts';
import type { Trust } from './trust.ts';

/**
 * Checks one document of evidence against one artifact. Pure and without I/O: keys and root come with `trust`,
 * `now` is milliseconds since 1970. It never throws on what a document holds: bytes that cannot be read, or that
 * say something else, are `failed`, and a key, identity or format that is not known is `unchecked`. `absent` is
 * never its answer. Whether the signer is one that the policy wants is not asked here.
 */
export function checkEvidence(_trust: Trust, _job: EvidenceJob, _now: number): EvidenceVerdict {
  throw new Error('not written yet');
}
