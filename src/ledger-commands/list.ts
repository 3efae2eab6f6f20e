import { filterOf, spellings } from '../cli/ledger-filter.ts';
import { ledgerLine } from '../cli/ledger-line.ts';
import type { LedgerListOptions } from '../cli/ledger-program.ts';
import { EXIT } from '../cli/program.ts';
import { ECOSYSTEMS } from '../ecosystems/all.ts';
import type { Given } from './given.ts';
import { withLedger } from './with-ledger.ts';

/** `sallyport ledger list`. */
export async function list({ configured, out }: Given, options: LedgerListOptions): Promise<number> {
  const { print, say } = out;
  const schemes = ECOSYSTEMS.map((e) => e.versions);
  const filter = filterOf(options, schemes);
  if (typeof filter === 'string') {
    say(`sallyport: ${filter}`);
    return EXIT.usage;
  }
  for (const line of spellings(options.package ?? '', schemes)) say(`sallyport: ${line}`);
  return withLedger(configured(options), async (reader) => {
    for await (const entry of reader.query(filter)) {
      print(
        options.json
          ? `{"seq":${entry.seq},"leaf":"${entry.leaf}","entry":${entry.bytes}}`
          : ledgerLine(entry),
      );
    }
    return EXIT.ok;
  });
}
