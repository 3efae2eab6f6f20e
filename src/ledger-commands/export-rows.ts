import type { LedgerExportOptions } from '../cli/ledger-program.ts';
import { EXIT } from '../cli/program.ts';
import { csvHeader, csvRecord } from '../exports/csv.ts';
import { jsonLine } from '../exports/jsonl.ts';
import { type LoggedEntry, loggedEntry } from '../exports/logged.ts';
import { logsOf } from '../exports/logs.ts';
import { ocsfLine } from '../exports/ocsf.ts';
import { LogPlaces } from '../ledger/published/log-places.ts';
import { sayDone, writeLines } from './export-out.ts';
import type { Given } from './given.ts';
import { selected } from './selected.ts';

/** Formats of which every entry is a line: they are written as the entries are read. */
export const ROW_FORMATS = ['jsonl', 'csv', 'ocsf'] as const;
export type RowFormat = (typeof ROW_FORMATS)[number];

const ROW: Readonly<Record<RowFormat, (entry: LoggedEntry, version: string) => string>> = {
  jsonl: jsonLine,
  csv: csvRecord,
  ocsf: ocsfLine,
};

/** `sallyport ledger export --format jsonl|csv|ocsf`. */
export async function exportRows(
  given: Given,
  format: RowFormat,
  options: LedgerExportOptions,
): Promise<number> {
  const logs = logsOf(new LogPlaces(given.configured(options).data).database);
  return selected(given, options, async (reader, filter) => {
    let count = 0;
    let withdrawn = 0;
    const row = ROW[format];
    async function* lines(): AsyncGenerator<string> {
      if (format === 'csv') yield csvHeader();
      for await (const stored of reader.query(filter)) {
        const entry = loggedEntry(stored, logs);
        if (!entry) {
          withdrawn += 1;
          continue;
        }
        count += 1;
        yield row(entry, given.version);
      }
    }
    await writeLines(given, options.out, lines(), format === 'csv' ? '\r\n' : '\n');
    sayDone(given, count, count === 1 ? 'entry' : 'entries', withdrawn, options.out);
    return EXIT.ok;
  });
}
