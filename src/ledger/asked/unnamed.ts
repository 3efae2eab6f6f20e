import { UNNAMED } from '../columns.ts';
import type { EntryFilter, LedgerQueries } from '../ledger.ts';

/**
 * A line for who asks for a package, where entries do not name all that lies in their artifacts: it may lie there. Else
 * null. A package decides what it bundles, and so what there is no room for.
 */
export async function unnamedNote(
  filter: EntryFilter,
  ledger: Pick<LedgerQueries, 'stats'>,
): Promise<string | null> {
  if (filter.package === undefined) return null;
  const [found] = await ledger.stats({ code: UNNAMED }, 'type', 1);
  return found
    ? `${found.entries} admissions do not name all that lies in their artifacts: see code ${UNNAMED}`
    : null;
}
