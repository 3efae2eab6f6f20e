import type { Baseline, Signer } from '../../model/evidence.ts';
import type { ReasonCode } from '../../model/reason-codes.ts';
import type { EvidenceLevel, Identity } from '../profile.ts';
import { hostedWord, isHosted, issuerOfHost, startedBy, workflowPath } from '../providers.ts';

/** One thing in which a signer is not the one that is wanted. */
export interface Difference {
  readonly code: Extract<ReasonCode, 'PROVENANCE_SIGNER' | 'SIGNER_CHANGED'>;
  /** As the policy spells it: `repository`, `owner-id`, `trigger`, … */
  readonly field: string;
  /** null where it is not one value. */
  readonly expected: string | null;
  readonly found: string | null;
}

/** The signer with the fewest differences from what is wanted (the first of several); null where there is none. */
export function nearestSigner(
  signers: readonly Signer[],
  level: EvidenceLevel | Identity,
  baseline: Baseline,
): { readonly signer: Signer; readonly differences: readonly Difference[] } | null {
  let best: { signer: Signer; differences: readonly Difference[] } | null = null;
  // Of two who are wanted, the one who built it says more than the one who uploaded it.
  for (const signer of signers.toSorted(
    (a, b) => Number(b.predicate === 'slsa') - Number(a.predicate === 'slsa'),
  )) {
    const differences = differencesOf(signer, level, baseline);
    if (best === null || differences.length < best.differences.length) best = { signer, differences };
  }
  return best;
}

/**
 * How a signer differs from the one that a requirement wants; empty where it is that one. `required` asks for all
 * that `no-downgrade` does, so that one is stricter than the other; an identity is the policy's own word on who
 * signs, and what earlier versions had is then no matter.
 */
function differencesOf(signer: Signer, level: EvidenceLevel | Identity, baseline: Baseline): Difference[] {
  if (typeof level !== 'string') return [...fromIdentity(signer, level), ...fromBuild(signer, level)];
  const changes = baseline.signer === null ? [] : fromBefore(signer, baseline.signer);
  switch (level) {
    case 'off':
    case 'if-present':
      return [];
    case 'no-downgrade':
      return changes;
    case 'required':
      return [...fromBuild(signer, { triggers: null, selfHosted: false }), ...changes];
  }
}

/** Every field that the policy names, compared as decoded strings, in the order in which they tell most. */
function fromIdentity(signer: Signer, identity: Identity): Difference[] {
  const { repository, ref } = identity;
  const issuer = identity.issuer ?? (repository === null ? null : issuerOfHost(repository));
  const path = identity.workflow === null ? null : workflowPath(identity.workflow, issuer ?? '');
  const wanted: readonly [field: string, expected: string | null, found: string | null][] = [
    ['repository', repository, signer.repository],
    ['owner-id', identity.ownerId, signer.ownerId],
    ['subject', identity.subject, signer.subject],
    ['workflow', path, signer.workflow],
    ['environment', identity.environment, signer.environment],
    ['predicate', identity.predicate, signer.predicate],
  ];
  const found: Difference[] = [];
  // Where nobody says which issuer it must be, no issuer will do.
  if (issuer === null || signer.issuer !== issuer) found.push(wrong('issuer', issuer, signer.issuer));
  for (const [field, expected, is] of wanted) {
    if (expected !== null && is !== expected) found.push(wrong(field, expected, is));
  }
  if (ref !== null && !isRef(signer.ref, ref)) found.push(wrong('ref', ref, signer.ref));
  return found;
}

function isRef(ref: string | null, pattern: string): boolean {
  if (ref === null) return false;
  return pattern.endsWith('*') ? ref.startsWith(pattern.slice(0, -1)) : ref === pattern;
}

/** A build that strangers can start, or on a machine that nobody vouches for, shows little of who made it. */
function fromBuild(signer: Signer, asked: Pick<Identity, 'triggers' | 'selfHosted'>): Difference[] {
  const found: Difference[] = [];
  const [only, ...others] = asked.triggers ?? [];
  if (!startedBy(signer, asked.triggers)) {
    found.push(wrong('trigger', others.length === 0 ? (only ?? null) : null, signer.trigger));
  }
  if (!asked.selfHosted && !isHosted(signer)) {
    found.push(wrong('runner', hostedWord(signer.issuer), signer.runner));
  }
  return found;
}

/**
 * Whether it is still the signer of an earlier version. Ids survive a renaming, and tell of an account that was
 * registered again under an old name; where one of the two certificates has none, the names must be the same.
 */
function fromBefore(signer: Signer, before: Signer): Difference[] {
  const differences: Difference[] = [];
  const changed = (field: string, expected: string | null, found: string | null): void => {
    differences.push({ code: 'SIGNER_CHANGED', field, expected, found });
  };
  const compare = (field: string, expected: string | null, found: string | null): void => {
    if (expected !== found) changed(field, expected, found);
  };
  compare('issuer', before.issuer, signer.issuer);
  if (before.repositoryId !== null && signer.repositoryId !== null) {
    compare('repository-id', before.repositoryId, signer.repositoryId);
  } else {
    compare('repository', before.repository, signer.repository);
  }
  if (before.ownerId !== null && signer.ownerId !== null) compare('owner-id', before.ownerId, signer.ownerId);
  compare('workflow', before.workflow, signer.workflow);
  // Without a repository the subject is all that tells one account of an issuer from another.
  if (before.repository === null) compare('subject', before.subject, signer.subject);
  // Who uploaded it says less than what it was built from.
  if (before.predicate === 'slsa') compare('predicate', before.predicate, signer.predicate);
  if (startedBy(before, null) && !startedBy(signer, null)) changed('trigger', before.trigger, signer.trigger);
  if (isHosted(before) && !isHosted(signer)) changed('runner', before.runner, signer.runner);
  return differences;
}

function wrong(field: string, expected: string | null, found: string | null): Difference {
  return { code: 'PROVENANCE_SIGNER', field, expected, found };
}
