import { printable } from '../cli/ledger-line.ts';
import type { LedgerKeepOptions } from '../cli/ledger-program.ts';
import { EXIT } from '../cli/program.ts';
import { entryNamed, isWithdrawn } from '../ledger/asked/entry-named.ts';
import type { Given } from './given.ts';
import { logRows } from './log-rows.ts';
import { withLedger } from './with-ledger.ts';

/** `sallyport ledger show ENTRY`: by number or leaf hash. */
export async function show(
  { configured, out }: Given,
  wanted: string,
  options: LedgerKeepOptions,
): Promise<number> {
  const filter = entryNamed(wanted);
  if (filter === null) {
    out.say(`sallyport: ${wanted} is no number and no leaf hash of 64 hex digits`);
    return EXIT.usage;
  }
  const config = configured(options);
  return withLedger(config, async (reader) => {
    for await (const { seq, leaf, bytes } of reader.query(filter)) {
      if (bytes === '') break;
      const shown = { seq, leaf, entry: JSON.parse(bytes) as unknown };
      out.print(printable(JSON.stringify(shown, null, options.json ? undefined : 2)));
      return EXIT.ok;
    }
    const gone = filter.after !== undefined && isWithdrawn(filter.after + 1, logRows(config.data));
    out.say(
      `sallyport: ${gone ? `entry ${wanted} was withdrawn from reading` : `there is no entry ${wanted}`}`,
    );
    return EXIT.refused;
  });
}
