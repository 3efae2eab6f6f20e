import { evidenceWords } from '../admission/evidence/words.ts';
import type { AttestVerifyOptions } from '../cli/program.ts';
import { type EvidenceVerdict, NO_BASELINE } from '../model/evidence.ts';
import { shown } from '../model/shown.ts';
import { nearestSigner } from '../policy/judge/signers.ts';
import type { Identity } from '../policy/profile.ts';

/** The signer that is asked for on the command line; null where none is. */
export function wantedSigner(options: AttestVerifyOptions): Identity | null {
  const { repository, workflow, issuer, ref, environment, ownerId, subject } = options;
  const given = [repository, workflow, issuer, ref, environment, ownerId, subject];
  if (given.every((value) => value === undefined)) return null;
  return {
    repository: repository ?? null,
    workflow: workflow ?? null,
    issuer: issuer ?? null,
    ref: ref ?? null,
    environment: environment ?? null,
    ownerId: ownerId ?? null,
    subject: subject ?? null,
    triggers: null,
    selfHosted: false,
    predicate: null,
  };
}

/** How the nearest signer of provenance is not the wanted one, in our words, as a refusal says it; null where it is. */
export function differenceOf({ check, signers }: EvidenceVerdict, wanted: Identity): string | null {
  const nearest = nearestSigner(signers, wanted, NO_BASELINE);
  if (!nearest) return 'its provenance names no signer';
  const [difference] = nearest.differences;
  if (!difference) return null;
  const [expected, found] = [shown(difference.expected), shown(difference.found)];
  return evidenceWords({
    check,
    field: difference.field,
    ...(expected !== undefined && { expected }),
    ...(found !== undefined && { found }),
  });
}
