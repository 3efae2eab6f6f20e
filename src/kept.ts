import type { MemoryReader } from './ledger/ledger.ts';
import { type Digest, parseDigest } from './model/digest.ts';
import { keptDigests, pinnedPackages } from './policy/pins.ts';
import type { Policy } from './policy/policy.ts';

/** What pins need from the vault for ever: their files, those files' metadata, and their packages' indexes. */
export async function keptByPins(policy: Policy, memory: MemoryReader): Promise<ReadonlySet<Digest>> {
  const kept = new Set<Digest>();
  for (const digest of keptDigests(policy)) {
    kept.add(digest);
    const known = await memory.artifactBy(digest);
    if (!known) continue;
    kept.add(known.sha256);
    const metadata = known.metadata === null ? null : parseDigest(`sha256:${known.metadata}`);
    if (metadata) kept.add(metadata);
  }
  for (const id of pinnedPackages(policy)) {
    const index = await memory.lastIndex(id);
    if (index) kept.add(index.digest);
  }
  return kept;
}
