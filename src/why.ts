import type { LedgerReader } from './ledger/ledger.ts';

interface EntryToTell {
  readonly agent?: string;
  readonly reasons?: readonly { readonly code?: string }[];
  readonly place?: string;
  readonly by?: string;
  readonly observed?: unknown;
  readonly facts?: { readonly findings?: readonly { readonly code: string }[] };
}

/**
 * An entry for the agent that caused it; null for everybody else, and where there is none. `agents`: everything that
 * entries call this one.
 */
export async function why(
  ledger: Pick<LedgerReader, 'query'>,
  leaf: string,
  agents: readonly string[],
): Promise<object | null> {
  for await (const stored of ledger.query({ leaf, limit: 1 })) {
    const entry = JSON.parse(stored.bytes) as EntryToTell;
    if (entry.agent !== undefined && agents.includes(entry.agent))
      return { seq: stored.seq, leaf: stored.leaf, entry: told(entry) };
  }
  return null;
}

/**
 * An entry as the agent that caused it may read it. Which rule spoke for a name that is not served would tell an
 * internal name, which has none, from one that the upstream does not know (promise 4). Where in an archive
 * something was found is the package's own text, which no agent reads (promise 7).
 */
function told(full: EntryToTell): object {
  const findings = full.facts?.findings?.map(({ code }) => ({ code }));
  const entry = findings ? { ...full, facts: { ...full.facts, findings } } : full;
  if (!entry.reasons?.some(({ code }) => code === 'NOT_ALLOWLISTED')) return entry;
  const { place: _place, by: _by, observed: _observed, ...rest } = entry;
  return rest;
}
