import type { EntryDraft, EntryValue } from './ledger.ts';

/** What every entry has. */
export interface Stamp {
  /** Request id, or another id of the caller's. */
  readonly id: string;
  /** Milliseconds since 1970. */
  readonly time: number;
}

export type Maybe<T> = T | null | undefined;

/** An entry of these fields; those without a value are left out. */
export function entry(
  type: EntryDraft['type'],
  { id, time }: Stamp,
  fields: Record<string, Maybe<EntryValue>>,
): EntryDraft {
  return { ...present(fields), type, id, time };
}

export function filled<T>(list: Maybe<readonly T[]>): readonly T[] | undefined {
  return list && list.length > 0 ? list : undefined;
}

/** The fields that have a value. */
export function present(fields: Record<string, Maybe<EntryValue>>): { [field: string]: EntryValue } {
  const kept: { [field: string]: EntryValue } = {};
  for (const [field, value] of Object.entries(fields)) {
    if (value !== null && value !== undefined) kept[field] = value;
  }
  return kept;
}

export function yes(flag: Maybe<boolean>): 'yes' | undefined {
  return flag ? 'yes' : undefined;
}

/** The fields that have a value; undefined where none has. */
export function some(fields: Record<string, Maybe<EntryValue>>): EntryValue | undefined {
  const kept = present(fields);
  return Object.keys(kept).length > 0 ? kept : undefined;
}
