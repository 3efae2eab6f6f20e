import type { EntryFilter } from '../ledger.ts';
import type { LogRow } from '../published/published.ts';

/** Lines for whoever asks for entries, where some that may be among them are withdrawn from reading: no query finds those. */
export function withdrawnNotes(
  { after = -1, before = Number.POSITIVE_INFINITY }: EntryFilter,
  rows: readonly Pick<LogRow, 'number' | 'base' | 'minimum'>[],
): readonly string[] {
  return rows
    .filter(({ base, minimum }) => minimum > 0 && after + 1 < base + minimum && before > base)
    .map(
      ({ number, base, minimum }) =>
        `entries ${base} to ${base + minimum - 1} (log ${number}) are withdrawn from reading, and in no answer`,
    );
}
