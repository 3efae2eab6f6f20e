import { type LoggedEntry, loggedEntry } from '../../src/exports/logged.ts';
import { entryBytes, leafHash } from '../../src/ledger/canonical.ts';
import type { EntryDraft, StoredEntry } from '../../src/ledger/ledger.ts';

export const LOG = { number: 1, origin: 'firewall.test/ledger/1', base: 0 };

/** A draft as the ledger stores it. */
export function stored(draft: EntryDraft, seq = 7): StoredEntry {
  const bytes = entryBytes(draft);
  return { seq, leaf: leafHash(bytes), bytes };
}

/** The same as an export reads it. */
export function logged(draft: EntryDraft, seq = 7): LoggedEntry {
  const entry = loggedEntry(stored(draft, seq), [LOG]);
  if (!entry) throw new Error('the entry has no bytes');
  return entry;
}
