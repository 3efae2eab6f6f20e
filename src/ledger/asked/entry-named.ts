import type { EntryFilter } from '../ledger.ts';

/** The filter that finds one entry by its number or its leaf hash (hex); null for a text that is neither. */
export function entryNamed(text: string): EntryFilter | null {
  if (/^(0|[1-9][0-9]{0,14})$/.test(text))
    return { after: Number(text) - 1, before: Number(text) + 1, limit: 1 };
  return /^[0-9a-f]{64}$/i.test(text) ? { leaf: text.toLowerCase(), limit: 1 } : null;
}
