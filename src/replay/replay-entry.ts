import type { Config } from '../config.ts';
import { leafHash } from '../ledger/canonical.ts';
import type { MemoryReader, StoredEntry } from '../ledger/ledger.ts';
import type { Decision } from '../model/decision.ts';
import { type Digest, parseDigest } from '../model/digest.ts';
import { ENGINE } from '../model/engine.ts';
import { inspectAgain } from './bytes-again.ts';
import { decideAgain, type Entry } from './decide-again.ts';
import { verifyAgain } from './evidence-again.ts';
import { type Findings, Found } from './findings.ts';
import { keptPolicy } from './kept-policies.ts';

/** What came of an entry that was decided again. */
export interface ReplayedEntry extends Findings {
  readonly seq: number;
  readonly leaf: string;
  readonly entry: Entry;
  /** `differs` where anything does; else `undecided` where anything cannot be done again. */
  readonly outcome: 'same' | 'differs' | 'undecided';
  /** Version of the decision code, then and now. */
  readonly engine: { readonly entered: string | null; readonly now: string };
  readonly policy: Digest | null;
  /** As it is decided now; null where it cannot be. */
  readonly decision: Decision | null;
}

/**
 * Decides an entry again from what it says and what is kept for it. Rejects where ledger, vault or policies cannot be read.
 */
export async function replayEntry(
  config: Pick<Config, 'data' | 'vault' | 'upstreams'>,
  memory: MemoryReader,
  { seq, leaf, bytes }: StoredEntry,
): Promise<ReplayedEntry> {
  const found = new Found();
  found.compare('leaf hash of the entry', leaf, leafHash(bytes));
  const entry = JSON.parse(bytes) as Entry;
  const policy = digestIn(entry, 'policy');
  const decision = await decided(found, config, memory, entry, policy);
  const { differences, undecided, notes } = found;
  return {
    seq,
    leaf,
    entry,
    outcome: differences.length > 0 ? 'differs' : undecided.length > 0 ? 'undecided' : 'same',
    engine: { entered: typeof entry['engine'] === 'string' ? entry['engine'] : null, now: ENGINE },
    policy,
    decision,
    differences,
    undecided,
    notes,
  };
}

async function decided(
  found: Found,
  config: Pick<Config, 'data' | 'vault' | 'upstreams'>,
  memory: MemoryReader,
  entry: Entry,
  policy: Digest | null,
): Promise<Decision | null> {
  if (entry['type'] !== 'decision') {
    found.undecided.push('it is no decision: there is nothing to be decided again');
    return null;
  }
  if (entry['route'] === 'sum') {
    found.undecided.push('it stands for refusals that have no entries of their own');
    return null;
  }
  let decision: Decision | null = null;
  const kept = policy ? await keptPolicy(config.data, policy) : { policy: null, why: 'it names no policy' };
  if (kept.policy) {
    const again = decideAgain(entry, kept.policy);
    found.take(again);
    decision = again.decision;
  } else found.undecided.push(`it cannot be decided again: ${kept.why}`);
  found.take(await verifyAgain(config, entry));
  found.take(await inspectAgain(config, entry, memory));
  return decision;
}

function digestIn(entry: Entry, field: string): Digest | null {
  const text = entry[field];
  return typeof text === 'string' ? parseDigest(text) : null;
}
