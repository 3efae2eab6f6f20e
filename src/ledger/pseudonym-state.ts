import type { Digest } from '../model/digest.ts';
import { pseudonymKeyEntry } from './entry.ts';
import type { Stamp } from './entry-parts.ts';
import type { EntryDraft, LedgerQueries } from './ledger.ts';
import { digestOfKey, makePseudonymKey, type PseudonymKeys, readPseudonymKeys } from './pseudonym-keys.ts';

/** What the ledger last said of a tenant's key. */
export type KeyState = { readonly kind: 'key'; readonly key: string } | { readonly kind: 'forgotten' };

/** By tenant. Reads every admin act: there are few of them. */
export async function keyStates(ledger: LedgerQueries): Promise<ReadonlyMap<string, KeyState>> {
  const states = new Map<string, KeyState>();
  for await (const { bytes } of ledger.query({ type: 'admin' })) {
    const { code, tenant, key } = JSON.parse(bytes) as Record<string, unknown>;
    if (typeof tenant !== 'string') continue;
    if (code === 'pseudonyms-forgotten') states.set(tenant, { kind: 'forgotten' });
    if (code === 'pseudonym-key' && typeof key === 'string') states.set(tenant, { kind: 'key', key });
  }
  return states;
}

/** The keys of a start, and what is to be entered of them once it is. */
export interface PreparedKeys {
  readonly keys: PseudonymKeys;
  /** Tenants whose key is not the one that the ledger speaks of: it is gone, and nobody forgot it. */
  readonly lost: readonly string[];
  /** An entry for each key that the ledger does not know yet. */
  entries(stamp: () => Stamp): readonly EntryDraft[];
}

/**
 * Makes the keys of tenants that have none, before anything is written of their agents. A crash between a key and its entry
 * leaves a key that is entered by the next start.
 */
export async function preparePseudonymKeys(
  dir: string,
  tenants: Iterable<string>,
  ledger: LedgerQueries,
): Promise<PreparedKeys> {
  const keys = new Map(await readPseudonymKeys(dir));
  const states = await keyStates(ledger);
  const lost: string[] = [];
  const news: { readonly tenant: string; readonly key: Digest }[] = [];
  for (const tenant of new Set(tenants)) {
    const key = keys.get(tenant) ?? (await makePseudonymKey(dir, tenant));
    keys.set(tenant, key);
    const state = states.get(tenant);
    const digest = digestOfKey(key);
    if (state?.kind === 'key' && state.key === digest) continue;
    if (state?.kind === 'key') lost.push(tenant);
    news.push({ tenant, key: digest });
  }
  return {
    keys,
    lost,
    entries: (stamp) => news.map((one) => pseudonymKeyEntry({ ...stamp(), ...one })),
  };
}
