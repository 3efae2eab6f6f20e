import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { entryBytes } from '../../src/ledger/canonical.ts';
import type { EntryDraft, EntryFilter, Ledger, LedgerReader, StoredEntry } from '../../src/ledger/ledger.ts';
import { openLedger } from '../../src/ledger/open.ts';

export * from './fixtures/drafts.ts';

/** A folder that is gone when the test is over. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'ledger-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** The embedded ledger in a folder of its own, closed when the test is over. */
export async function openTemporary(dir: string = temporaryFolder()): Promise<Ledger> {
  const ledger = await openLedger({ dir });
  onTestFinished(() => ledger.close());
  return ledger;
}

export async function all(ledger: Ledger | LedgerReader, filter: EntryFilter = {}): Promise<StoredEntry[]> {
  const entries: StoredEntry[] = [];
  for await (const entry of ledger.query(filter)) entries.push(entry);
  return entries;
}

export async function places(ledger: Ledger | LedgerReader, filter: EntryFilter): Promise<number[]> {
  return (await all(ledger, filter)).map((entry) => entry.seq);
}

export const parsed = (bytes: string) => JSON.parse(bytes) as Record<string, unknown>;

/** The bytes that a draft must have in the log. */
export const bytesOf = (draft: EntryDraft): string => entryBytes(draft);
