import type { ArtifactId } from '../model/artifact.ts';
import type { ArtifactDigests } from '../model/digest.ts';
import type { EvidenceOutcome } from '../model/evidence.ts';
import type { Looked } from './evidence.ts';
import type { FactsCache } from './facts.ts';
import type { Ports } from './ports.ts';

/** How often an outcome that refuses is written anew, though nothing changed but the time, ms. */
const REFRESH = 1_800_000;

/**
 * Remembers what a look at a file's evidence came to, for later listings. `refused`: the policy did not take it; then
 * the time of the look counts, and is kept up to date. Rejects with LedgerError.
 */
export async function rememberOutcome(
  ports: Pick<Ports, 'now' | 'ledger'>,
  facts: FactsCache,
  artifact: ArtifactId,
  { sha256, sha512 }: ArtifactDigests,
  { verdicts, trust }: Looked,
  before: EvidenceOutcome | null,
  refused: boolean,
): Promise<void> {
  // Nothing to be found, and nothing asked for: what every other file is like is not worth a row.
  if (before === null && !refused && verdicts.every(({ result }) => result === 'absent')) return;
  const outcome = { sha256, sha512, at: ports.now(), trust, verdicts };
  const same = before !== null && substanceOf(before) === substanceOf(outcome);
  if (same && before && (!refused || outcome.at - before.at < REFRESH)) return;
  try {
    await ports.ledger.memory.evidenced(artifact, outcome);
  } finally {
    facts.forget(artifact);
  }
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
