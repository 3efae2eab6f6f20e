import type { EntryFilter, LedgerQueries } from '../ledger/ledger.ts';
import type { Inventory } from './cyclonedx.ts';
import { Installs } from './installs.ts';
import { type LoggedEntry, type LogPlace, loggedEntry } from './logged.ts';

/** What a selection of decisions admitted and delivered, with how many of its entries are withdrawn from reading. */
export async function inventoryOf(
  ledger: Pick<LedgerQueries, 'query'>,
  filter: EntryFilter,
  logs: readonly LogPlace[],
): Promise<Pick<Inventory, 'installs' | 'undelivered' | 'span'> & { readonly withdrawn: number }> {
  const installs = new Installs();
  let span = null as Inventory['span'];
  let withdrawn = 0;
  const admissions = { ...filter, type: 'decision', verdict: 'allow', route: 'artifact' } as const;
  for await (const stored of ledger.query(admissions)) {
    const entry = loggedEntry(stored, logs);
    if (entry) installs.decided(entry);
    else withdrawn += 1;
    if (entry) span = { first: span?.first ?? entry, last: entry };
  }
  if (span) await addEnds(ledger, installs, span, logs);
  return { ...installs.result(), span, withdrawn };
}

/**
 * How each ended. Only the process that decided writes that, so that after a start nothing more comes; and only of
 * entries that name an agent does a filter know whose they are, so that all are looked through.
 */
async function addEnds(
  ledger: Pick<LedgerQueries, 'query'>,
  installs: Installs,
  { first, last }: { readonly first: LoggedEntry; readonly last: LoggedEntry },
  logs: readonly LogPlace[],
): Promise<void> {
  let before = Number.MAX_SAFE_INTEGER;
  for await (const start of ledger.query({ type: 'start', after: last.seq, limit: 1 })) before = start.seq;
  for (const type of ['served', 'aborted'] as const) {
    if (installs.pending === 0) return;
    for await (const stored of ledger.query({ type, after: first.seq, before })) {
      const entry = loggedEntry(stored, logs);
      if (entry) installs.ended(entry);
      if (installs.pending === 0) break;
    }
  }
}
