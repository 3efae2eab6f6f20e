import * as real from '../src/ledger/open.ts';

// In place of ledger/open.ts where the ledger is off: what a measurement compares with, and nothing that is ever served by.

export const { openLedgerReader, databaseIn } = real;

/** Claims of first digests are real, once each, because what is served is decided by them. Nothing else is written. */
export async function openLedger(options: real.LedgerOptions): Promise<real.OpenLedger> {
  const ledger = await real.openLedger(options);
  const claimed = new Set<string>();
  let seq = 1_000_000;
  return {
    store: ledger.store,
    memory: ledger.memory,
    async append(draft, first, carried) {
      const name = first?.artifact.filename;
      if (name === undefined || claimed.has(name)) return { seq: seq++, leaf: '0'.repeat(64) };
      claimed.add(name);
      return ledger.append(draft, first, carried);
    },
    query: (filter) => ledger.query(filter),
    stats: (filter, by, limit) => ledger.stats(filter, by, limit),
    versionsOf: (name) => ledger.versionsOf(name),
    health: () => ledger.health(),
    close: () => ledger.close(),
  };
}
