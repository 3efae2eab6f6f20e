import { askedBy, lineOf } from '../cli/ledger-filter.ts';
import type { EntryOptions } from '../cli/ledger-program.ts';
import { EXIT } from '../cli/program.ts';
import { ECOSYSTEMS } from '../ecosystems/all.ts';
import { AskedError, filterOf } from '../ledger/asked/question.ts';
import { unnamedNote } from '../ledger/asked/unnamed.ts';
import { withdrawnNotes } from '../ledger/asked/withdrawn.ts';
import type { EntryFilter, LedgerReader } from '../ledger/ledger.ts';
import type { Given } from './given.ts';
import { logRows } from './log-rows.ts';
import { withLedger } from './with-ledger.ts';

/**
 * Reads the flags that say which entries, opens the ledger, and works on what they select. What cannot be read, or not
 * be answered as it was asked, is said, and nothing is done. `work` resolves with the exit code.
 */
export async function selected(
  { configured, out: { say } }: Pick<Given, 'configured' | 'out'>,
  options: EntryOptions,
  work: (reader: LedgerReader, filter: EntryFilter) => Promise<number>,
): Promise<number> {
  const question = askedBy(
    options,
    ECOSYSTEMS.map(({ versions }) => versions),
  );
  if (typeof question === 'string') {
    say(`sallyport: ${question}`);
    return EXIT.usage;
  }
  for (const note of question.notes) say(`sallyport: ${note}`);
  const config = configured(options);
  return withLedger(config, async (reader) => {
    try {
      const filter = await filterOf(question, reader);
      for (const note of withdrawnNotes(filter, logRows(config.data))) say(`sallyport: ${note}`);
      const unnamed = await unnamedNote(filter, reader);
      if (unnamed !== null) say(`sallyport: ${unnamed}`);
      return await work(reader, filter);
    } catch (error) {
      if (!(error instanceof AskedError)) throw error;
      say(`sallyport: ${lineOf(error)}`);
      return EXIT.usage;
    }
  });
}
