import { hash } from 'node:crypto';
import { entryNamed } from '../ledger/asked/entry-named.ts';
import type { LedgerQueries } from '../ledger/ledger.ts';
import { wrong } from './problem.ts';

/** Characters of a cursor. */
export const MAX_CURSOR = 80;

/** What a cursor belongs to: parameters, by name, in any order. */
export type CursorOf = Readonly<Record<string, unknown>>;

/**
 * Where a page ended, for the next one. It is a place, which never changes, the beginning of that entry's leaf hash, and
 * the beginning of a hash of the question: so it is good for ever, for this question and this ledger only.
 */
export function cursorAt(last: { readonly seq: number; readonly leaf: string }, question: CursorOf): string {
  return Buffer.from(`1.${last.seq}.${last.leaf.slice(0, 16)}.${tagOf(question)}`).toString('base64url');
}

/** The place of a cursor. Throws Problem for one that is made up, of another question, or of another ledger. */
export async function placeOf(
  cursor: string,
  question: CursorOf,
  ledger: Pick<LedgerQueries, 'query'>,
): Promise<number> {
  const text = Buffer.from(cursor, 'base64url').toString('latin1');
  const [, place = '', leaf = '', tag] =
    /^1\.(0|[1-9][0-9]{0,14})\.([0-9a-f]{16})\.([0-9a-f]{16})$/.exec(text) ?? [];
  if (tag === undefined || Buffer.from(text, 'latin1').toString('base64url') !== cursor)
    throw wrong('cursor', 'is none of ours');
  if (tag !== tagOf(question)) throw wrong('cursor', 'belongs to another question');
  for await (const entry of ledger.query(entryNamed(place) ?? { limit: 0 }))
    if (entry.leaf.startsWith(leaf)) return entry.seq;
  throw wrong('cursor', 'is of an entry that this ledger has not');
}

function tagOf(question: CursorOf): string {
  const pairs = Object.entries(question).filter(([, value]) => value !== undefined);
  pairs.sort(([a], [b]) => (a < b ? -1 : 1));
  return hash('sha256', JSON.stringify(pairs), 'hex').slice(0, 16);
}
