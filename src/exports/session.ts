import type { EntryFilter, LedgerQueries, StoredEntry } from '../ledger/ledger.ts';
import { integerOf, loggedEntry, textOf } from './logged.ts';

/** An agent's activity without a pause, as a filter: its decisions from the first to the last. */
export type Session = Required<Pick<EntryFilter, 'agent' | 'after' | 'before'>> & { readonly agent: string };

/**
 * The session around an entry: every decision of its agent, before and after it, as long as none is more than `pause` ms
 * from the next. In words where there is no such entry, or it is not a decision of an agent.
 */
export async function sessionAround(
  ledger: Pick<LedgerQueries, 'query'>,
  seq: number,
  pause: number,
): Promise<Session | string> {
  const found = await firstOf(ledger.query({ after: seq - 1, limit: 1 }));
  if (found?.seq !== seq) return `there is no entry ${seq}`;
  const { agent, time, type } = actOf(found);
  if (type !== 'decision' || agent === undefined || time === undefined)
    return `entry ${seq} is not a decision about an agent's request`;
  const one = { agent, type: 'decision' } as const;
  const last = await edge(ledger.query({ ...one, after: seq }), { seq, time }, pause);
  const first = await edge(ledger.query({ ...one, before: seq, reverse: true }), { seq, time }, pause);
  return { agent, after: first - 1, before: last + 1 };
}

/** The place of the last entry before a pause. Entries in either direction; a clock that was set back is a pause, too. */
async function edge(
  entries: AsyncIterable<StoredEntry>,
  start: { readonly seq: number; readonly time: number },
  pause: number,
): Promise<number> {
  let { seq, time } = start;
  for await (const entry of entries) {
    const { time: next } = actOf(entry);
    if (next === undefined || Math.abs(next - time) > pause) break;
    [seq, time] = [entry.seq, next];
  }
  return seq;
}

function actOf(entry: StoredEntry) {
  const fields = loggedEntry(entry, [])?.fields ?? {};
  return { agent: textOf(fields, 'agent'), time: integerOf(fields, 'time'), type: textOf(fields, 'type') };
}

async function firstOf<T>(items: AsyncIterable<T>): Promise<T | undefined> {
  for await (const item of items) return item;
  return undefined;
}
