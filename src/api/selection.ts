import type { z } from 'zod';
import { AskedError, filterOf, questionOf } from '../ledger/asked/question.ts';
import { unnamedNote } from '../ledger/asked/unnamed.ts';
import { withdrawnNotes } from '../ledger/asked/withdrawn.ts';
import type { EntryFilter } from '../ledger/ledger.ts';
import { type ENTRIES, type STATS, wordsIn } from './parameters.ts';
import type { AuditPorts } from './ports.ts';
import { wrong } from './problem.ts';

/** What parameters select, without an order and a limit, and lines for the person. */
export interface Selected {
  readonly filter: EntryFilter;
  readonly notes: readonly string[];
}

/** Parameters as a filter. Throws Problem where they do not stand together. */
export async function selectionOf(
  parameters: z.output<typeof ENTRIES> | z.output<typeof STATS>,
  { ledger, logs, schemes }: Pick<AuditPorts, 'ledger' | 'logs' | 'schemes'>,
): Promise<Selected> {
  const { after, before } = parameters;
  if (after !== undefined && before !== undefined && before - after < 2)
    throw wrong('before', 'leaves no number after `after`');
  try {
    const question = questionOf(wordsIn(parameters), schemes);
    const filter = await filterOf(question, ledger);
    const unnamed = await unnamedNote(filter, ledger);
    const bounded = {
      ...filter,
      ...(after !== undefined && { after }),
      ...(before !== undefined && { before }),
    };
    const withdrawn = withdrawnNotes(bounded, await logs.rows());
    return {
      filter: bounded,
      notes: [...question.notes, ...(unnamed === null ? [] : [unnamed]), ...withdrawn],
    };
  } catch (error) {
    if (error instanceof AskedError) throw wrong(error.word, error.message);
    throw error;
  }
}
