import type { PackageId } from '../../model/artifact.ts';
import { type Digest, sha256 } from '../../model/digest.ts';
import { EVIDENCE, EVIDENCE_KINDS, type EvidenceSet } from '../../model/evidence.ts';
import type { EvidenceRef, Vault } from '../../vault/vault.ts';
import type { HeldEvidence } from '../ports.ts';

/** Evidence of a package that is kept here, with a key that is the same for the same evidence. */
export interface Held {
  readonly refs: readonly EvidenceRef[];
  readonly evidence: HeldEvidence;
  /** Part of the key of every page that was decided with it; empty where there is none. */
  readonly key: string;
}

const NOTHING: Held = { refs: [], evidence: { 'registry-signature': [], provenance: [] }, key: '' };

/** The shelf gives the same list until something changes. */
const known = new WeakMap<readonly EvidenceRef[], Held>();

/** What the vault keeps of evidence for a package. Rejects as the shelf does: what cannot be read is not nothing. */
export async function heldOf(vault: Pick<Vault, 'evidence'>, id: PackageId): Promise<Held> {
  const refs = await vault.evidence.of(id);
  if (refs.length === 0) return NOTHING;
  const before = known.get(refs);
  if (before) return before;
  const digestsOf = (check: keyof HeldEvidence): readonly Digest[] => [
    ...new Set(refs.filter(({ kind }) => EVIDENCE_KINDS[kind] === check).map(({ artifact }) => artifact)),
  ];
  const evidence = {
    'registry-signature': digestsOf('registry-signature'),
    provenance: digestsOf('provenance'),
  };
  const held = { refs, evidence, key: sha256(JSON.stringify(evidence)) };
  known.set(refs, held);
  return held;
}

/** Which kinds of evidence are kept for a file with one of these digests. */
export function heldFor({ evidence }: Pick<Held, 'evidence'>, digests: readonly Digest[]): EvidenceSet {
  const [signature, provenance] = EVIDENCE.map((check) =>
    evidence[check].some((digest) => digests.includes(digest)),
  );
  return { 'registry-signature': signature === true, provenance: provenance === true };
}
