import { ledgerLine } from '../cli/ledger-line.ts';
import type { LedgerListOptions } from '../cli/ledger-program.ts';
import { EXIT } from '../cli/program.ts';
import type { Given } from './given.ts';
import { selected } from './selected.ts';

/** `sallyport ledger list`. */
export async function list(given: Given, options: LedgerListOptions): Promise<number> {
  return selected(given, options, async (reader, filter) => {
    for await (const entry of reader.query(filter)) {
      given.out.print(
        options.json
          ? `{"seq":${entry.seq},"leaf":"${entry.leaf}","entry":${entry.bytes || 'null'}}`
          : ledgerLine(entry),
      );
    }
    return EXIT.ok;
  });
}
