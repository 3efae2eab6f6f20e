import { printable } from '../cli/ledger-line.ts';
import type { LedgerStatsOptions } from '../cli/ledger-program.ts';
import { EXIT } from '../cli/program.ts';
import { statsTable } from '../cli/stats-table.ts';
import { STATS_KEYS } from '../ledger/asked/words.ts';
import type { Given } from './given.ts';
import { selected } from './selected.ts';

/** Groups that are counted where `--limit` does not say how many. */
const GROUPS = 100;

/** `sallyport ledger stats`: `--limit` is of groups, all entries are counted. */
export async function stats(given: Given, options: LedgerStatsOptions): Promise<number> {
  const { print, say } = given.out;
  const by = STATS_KEYS.find((key) => key === options.by);
  if (by === undefined) {
    say(`sallyport: --by is one of ${STATS_KEYS.join(', ')}`);
    return EXIT.usage;
  }
  return selected(given, options, async (reader, { limit = GROUPS, reverse: _, ...filter }) => {
    // One more than are shown says whether there are others.
    const groups = await reader.stats(filter, by, limit + 1);
    const shown = groups.slice(0, limit);
    if (options.json) for (const group of shown) print(printable(JSON.stringify(group)));
    else for (const line of statsTable(by, shown)) print(line);
    if (groups.length > limit) say(`sallyport: there are more than these ${limit}; see --limit`);
    return EXIT.ok;
  });
}
