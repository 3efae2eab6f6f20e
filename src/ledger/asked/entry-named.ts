import type { EntryFilter } from '../ledger.ts';
import type { LogRow } from '../published/published.ts';

/** The filter that finds one entry by its number or its leaf hash (hex); null for a text that is neither. */
export function entryNamed(text: string): EntryFilter | null {
  if (/^(0|[1-9][0-9]{0,14})$/.test(text))
    return { after: Number(text) - 1, before: Number(text) + 1, limit: 1 };
  return /^[0-9a-f]{64}$/i.test(text) ? { leaf: text.toLowerCase(), limit: 1 } : null;
}

/** Whether the entry of this number is withdrawn from reading; `rows` oldest first. No query finds such a one any more. */
export function isWithdrawn(seq: number, rows: readonly Pick<LogRow, 'base' | 'minimum'>[]): boolean {
  const log = rows.findLast(({ base }) => base <= seq);
  return log !== undefined && seq - log.base < log.minimum;
}
