import type { LedgerKeepOptions } from '../cli/ledger-program.ts';
import { EXIT } from '../cli/program.ts';
import { reindexedEntry } from '../ledger/entry.ts';
import { openLedger } from '../ledger/open.ts';
import { reindexLedger } from '../ledger/reindex.ts';
import type { Given } from './given.ts';

/** Entries between two lines of progress. */
const STEP = 500_000;

/** `sallyport ledger reindex`: makes the index anew, and enters that. */
export async function reindex({ configured, now, out }: Given, options: LedgerKeepOptions): Promise<number> {
  let next = STEP;
  const { data: dir } = configured(options);
  const counts = await reindexLedger({ dir }, (entries) => {
    if (entries < next) return;
    out.say(`${entries} entries`);
    next = entries + STEP;
  });
  const ledger = await openLedger({ dir });
  try {
    await ledger.append(reindexedEntry({ id: `reindex-${now()}`, time: now(), entries: counts.entries }));
  } finally {
    await ledger.close();
  }
  out.print(
    options.json
      ? JSON.stringify(counts)
      : `the query index is made anew: ${counts.entries} entries, ${counts.packages} of packages, ${counts.waivers} of waivers`,
  );
  return EXIT.ok;
}
