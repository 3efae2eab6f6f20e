import type { LedgerKeepOptions } from '../cli/ledger-program.ts';
import { EXIT } from '../cli/program.ts';
import { reindexLedger } from '../ledger/reindex.ts';
import type { Given } from './given.ts';

/** Entries between two lines of progress. */
const STEP = 500_000;

/** `sallyport ledger reindex`. */
export async function reindex({ configured, out }: Given, options: LedgerKeepOptions): Promise<number> {
  let next = STEP;
  const counts = await reindexLedger({ dir: configured(options).data }, (entries) => {
    if (entries < next) return;
    out.say(`${entries} entries`);
    next = entries + STEP;
  });
  out.print(
    options.json
      ? JSON.stringify(counts)
      : `the query index is made anew: ${counts.entries} entries, ${counts.packages} of packages, ${counts.waivers} of waivers`,
  );
  return EXIT.ok;
}
