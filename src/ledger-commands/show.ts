import { printable } from '../cli/ledger-line.ts';
import type { LedgerKeepOptions } from '../cli/ledger-program.ts';
import { EXIT } from '../cli/program.ts';
import type { EntryFilter } from '../ledger/ledger.ts';
import type { Given } from './given.ts';
import { withLedger } from './with-ledger.ts';

/** `sallyport ledger show ENTRY`: by number or leaf hash. */
export async function show(
  { configured, out }: Given,
  wanted: string,
  options: LedgerKeepOptions,
): Promise<number> {
  return withLedger(configured(options), async (reader) => {
    const seq = /^\d{1,15}$/.test(wanted) ? Number(wanted) : null;
    const filter: EntryFilter = seq === null ? { leaf: wanted } : { after: seq - 1, limit: 1 };
    for await (const entry of reader.query(filter)) {
      if (entry.seq !== seq && entry.leaf !== wanted) break;
      const shown = { seq: entry.seq, leaf: entry.leaf, entry: JSON.parse(entry.bytes) as unknown };
      out.print(printable(JSON.stringify(shown, null, options.json ? undefined : 2)));
      return EXIT.ok;
    }
    out.say(`sallyport: there is no entry ${wanted}`);
    return EXIT.refused;
  });
}
