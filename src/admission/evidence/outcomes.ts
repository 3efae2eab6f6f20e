import type { ArtifactId } from '../../model/artifact.ts';
import type { ArtifactDigests } from '../../model/digest.ts';
import { EVIDENCE, type EvidenceOutcome, type EvidenceVerdict } from '../../model/evidence.ts';
import { LOOK_AGAIN } from '../../policy/judge/evidence.ts';
import type { FactsCache } from '../facts.ts';
import type { Ports } from '../ports.ts';
import type { Looked } from './look.ts';

/** How often an outcome that refuses is written anew, though nothing changed but the time, ms. */
const REFRESH = 1_800_000;

/**
 * Remembers what a look at a file's evidence came to, for later listings. `refused`: the policy did not take it; then
 * the time of the look counts, and is kept up to date. A kind of evidence that this policy did not ask for keeps its
 * verdict and its time: an agent of another profile must not take it out of the listings that it guides. Rejects with
 * LedgerError.
 */
export async function rememberOutcome(
  ports: Pick<Ports, 'now' | 'ledger'>,
  facts: FactsCache,
  artifact: ArtifactId,
  { sha256, sha512 }: ArtifactDigests,
  looked: Looked,
  before: EvidenceOutcome | null,
  refused: boolean,
): Promise<void> {
  // An outage says nothing of the artifact: it passes, and must not hide it from others for an hour.
  const found = looked.verdicts.filter(({ cause }) => cause !== 'unreachable');
  if (found.length === 0) return;
  // Nothing to be found, and nothing asked for: what every other file is like is not worth a row.
  if (before === null && !refused && found.every(({ result }) => result === 'absent')) return;
  const now: EvidenceOutcome = { sha256, sha512, at: ports.now(), trust: looked.trust, verdicts: found };
  const kept = before ? stillOf(before, now) : [];
  const verdicts = EVIDENCE.flatMap((name) => [...found, ...kept].filter(({ check }) => check === name));
  const at = before && kept.length > 0 ? before.at : now.at;
  const outcome: EvidenceOutcome = { sha256, sha512, at, trust: looked.trust, verdicts };
  const same = before !== null && substanceOf(before) === substanceOf(outcome);
  if (same && before && (!refused || outcome.at - before.at < REFRESH)) return;
  try {
    await ports.ledger.memory.evidenced(artifact, outcome);
  } finally {
    facts.forget(artifact);
  }
}

/** The verdicts of an earlier look on what was not looked at now: for the same bytes and trust, while they count. */
function stillOf(before: EvidenceOutcome, now: EvidenceOutcome): readonly EvidenceVerdict[] {
  const { sha256, sha512, trust, at } = before;
  if (sha256 !== now.sha256 || sha512 !== now.sha512 || trust !== now.trust) return [];
  if (!(now.at < at + LOOK_AGAIN)) return [];
  return before.verdicts.filter((one) => now.verdicts.every(({ check }) => check !== one.check));
}

/** All of an outcome but its time. */
function substanceOf({ sha256, sha512, trust, verdicts }: EvidenceOutcome): string {
  return JSON.stringify([
    sha256,
    sha512,
    trust,
    verdicts.map((one) => [one.check, one.result, one.code, one.cause, one.signers, one.documents]),
  ]);
}
