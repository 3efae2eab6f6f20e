import { createHmac } from 'node:crypto';
import type { EntryDraft, EntryFilter, Ledger, LedgerQueries } from './ledger.ts';
import type { PseudonymKeys } from './pseudonym-keys.ts';

/*
 * Entries cannot be taken out of the tree; who they are about can be forgotten. An agent's pseudonym is a keyed hash of its
 * name: under the key anybody can tell whose an entry is, and without it nobody, however short the list of names.
 */

/** RFC 4648 section 6, in lower case. */
const BASE32 = 'abcdefghijklmnopqrstuvwxyz234567';

/** Characters of a pseudonym behind its `~`: 130 bits of the hash. */
const LENGTH = 26;

/** `~` and 26 characters of base32: no agent's name begins so. */
export function isPseudonym(text: string): boolean {
  return /^~[a-z2-7]{26}$/.test(text);
}

/** The pseudonym of a name under a tenant's key: HMAC-SHA256 (RFC 2104) of the name in UTF-8. */
export function pseudonymOf(key: Uint8Array, name: string): string {
  const hash = createHmac('sha256', key).update(name, 'utf8').digest();
  let text = '~';
  let bits = 0;
  let left = 0;
  for (const byte of hash) {
    bits = (bits << 8) | byte;
    for (left += 8; left >= 5 && text.length <= LENGTH; left -= 5) text += BASE32[(bits >>> (left - 5)) & 31];
    bits &= 255;
  }
  return text;
}

/** Whose key makes an agent's pseudonym. */
export type TenantOf = (agent: string) => string;

/** The names of agents, as entries write them and as people ask for them. */
export class Pseudonyms {
  readonly #keys: PseudonymKeys;
  readonly #tenantOf: TenantOf | null;

  /** `tenantOf` null: names are written as they are, and found under every key that is there. */
  constructor(keys: PseudonymKeys, tenantOf: TenantOf | null) {
    this.#keys = keys;
    this.#tenantOf = tenantOf;
  }

  /** The agent as an entry writes it. Throws where its tenant has no key: then nothing is written of it. */
  written(agent: string): string {
    if (!this.#tenantOf || isPseudonym(agent)) return agent;
    const tenant = this.#tenantOf(agent);
    const key = this.#keys.get(tenant);
    if (!key) throw new Error(`the tenant ${tenant} has no key for pseudonyms`);
    return pseudonymOf(key, agent);
  }

  /**
   * Everything under which entries may speak of an agent: its name, as long as they have names, and its pseudonym under each
   * key that was not forgotten. A pseudonym is itself.
   */
  all(agent: string): readonly string[] {
    if (isPseudonym(agent)) return [agent];
    return [agent, ...[...this.#keys.values()].map((key) => pseudonymOf(key, agent))];
  }
}

/** The same ledger, in which no entry has an agent's name, and which is asked by name all the same. */
export function pseudonymousLedger(ledger: Ledger, names: Pseudonyms): Ledger {
  return {
    ...namedQueries(ledger, names),
    // Handed on in the same turn: entries are written in the order in which they are appended.
    append: async (draft, first, carried) => ledger.append(concealed(draft, names), first, carried),
    memory: ledger.memory,
    health: () => ledger.health(),
    close: () => ledger.close(),
  };
}

/** The same queries, in which an agent's name stands for all that entries call it. */
export function namedQueries(ledger: LedgerQueries, names: Pseudonyms): LedgerQueries {
  const named = (filter: EntryFilter): EntryFilter => {
    if (filter.agent === undefined) return filter;
    const agents = typeof filter.agent === 'string' ? [filter.agent] : filter.agent;
    return { ...filter, agent: [...new Set(agents.flatMap((agent) => names.all(agent)))] };
  };
  return {
    query: (filter) => ledger.query(named(filter)),
    stats: (filter, by, limit) => ledger.stats(named(filter), by, limit),
    versionsOf: (name) => ledger.versionsOf(name),
  };
}

function concealed(draft: EntryDraft, names: Pseudonyms): EntryDraft {
  const { agent } = draft;
  return typeof agent === 'string' ? { ...draft, agent: names.written(agent) } : draft;
}
