import type { Ledger } from '../ledger.ts';
import { unavailable } from './known-head.ts';
import type { PublishedLog } from './published.ts';

/**
 * The same ledger, with its log: what is appended is published, and where nothing is published any more nothing is
 * appended (LedgerError `unavailable`), because nobody could check it.
 */
export function publishedLedger(
  ledger: Ledger,
  log: Pick<PublishedLog, 'state'> & { appended(seq: number): void },
): Ledger {
  return {
    async append(draft, first, carried) {
      const state = log.state();
      if (state === 'late') throw unavailable('the log of the ledger could not be published for a while');
      if (state === 'stopped')
        throw unavailable('the log of the ledger was contradicted, and is signed no more');
      const receipt = await ledger.append(draft, first, carried);
      log.appended(receipt.seq);
      return receipt;
    },
    query: (filter) => ledger.query(filter),
    stats: (filter, by, limit) => ledger.stats(filter, by, limit),
    versionsOf: (name) => ledger.versionsOf(name),
    memory: ledger.memory,
    health: () => ledger.health(),
    close: () => ledger.close(),
  };
}
