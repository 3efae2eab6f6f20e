import type { EvidenceDetail } from '../model/decision.ts';
import { EVIDENCE, type EvidenceSet, type EvidenceVerdict, type Signer } from '../model/evidence.ts';
import type { Verdict } from '../model/verdict.ts';
import type { EntryValue } from './ledger.ts';

/** Characters of one text that tells people what was expected or found. */
const MAX_TEXT = 512;

/** What an item costs beside its own JSON: at most its key and the signs around it. */
const AROUND = 32;

/**
 * The room that is left for evidence in one entry. An item is in it as a whole or not at all, and what is put in
 * first has it: no certificate can make the entry of a decision too large to be written.
 */
export class EvidenceRoom {
  #left: number;
  #full = false;

  /** `bytes` of JSON. */
  constructor(bytes: number) {
    this.#left = bytes;
  }

  /** Whether anything was left out. */
  get full(): boolean {
    return this.#full;
  }

  take<T extends EntryValue>(item: T): T | undefined {
    const bytes = Buffer.byteLength(JSON.stringify(item)) + AROUND;
    if (bytes > this.#left) {
      this.#full = true;
      return undefined;
    }
    this.#left -= bytes;
    return item;
  }

  /** Those that fit; undefined where there are none. */
  fitting<T extends EntryValue>(items: readonly T[]): readonly T[] | undefined {
    const kept = items.filter((item) => this.take(item) !== undefined);
    return kept.length > 0 ? kept : undefined;
  }
}

/** What an entry says of one verdict beside its check, result, code and cause. */
export interface Told {
  /** sha256 of the documents: with them, the artifact and the trust root it can be verified again. */
  readonly documents?: EntryValue | undefined;
  readonly signers?: EntryValue | undefined;
}

export type ToldOfVerdicts = ReadonlyMap<Verdict, Told>;

/** Documents first, of all verdicts: who signed can be learned from them. */
export function documentsOf(room: EvidenceRoom, verdicts: readonly EvidenceVerdict[]): ToldOfVerdicts {
  return new Map(verdicts.map((verdict) => [verdict, { documents: room.fitting(verdict.documents) }]));
}

export function withSigners(
  room: EvidenceRoom,
  verdicts: readonly EvidenceVerdict[],
  documents: ToldOfVerdicts,
): ToldOfVerdicts {
  return new Map(
    verdicts.map((verdict) => [
      verdict,
      { ...documents.get(verdict), signers: room.fitting(verdict.signers.map(signerOf)) },
    ]),
  );
}

/** The fields of a signer that its certificate says, whole: they are what a decision can be made from again. */
export function signerOf(signer: Signer): { readonly [field: string]: string } {
  const told: { [field: string]: string } = {};
  for (const [field, value] of Object.entries(signer)) {
    if (typeof value === 'string') told[field] = value.toWellFormed();
  }
  return told;
}

export function detailOf({ check, cause, field, expected, found }: EvidenceDetail): EntryValue {
  return {
    check,
    ...(cause !== undefined && { cause }),
    ...(field !== undefined && { field: cut(field) }),
    ...(expected !== undefined && { expected: cut(expected) }),
    ...(found !== undefined && { found: cut(found) }),
  };
}

/** The kinds that are set, each as `yes`; undefined where none is. */
export function kindsOf(kinds: EvidenceSet): { readonly [kind: string]: 'yes' } | undefined {
  const set = EVIDENCE.filter((name) => kinds[name]);
  return set.length > 0 ? Object.fromEntries(set.map((name) => [name, 'yes'])) : undefined;
}

function cut(text: string): string {
  return text.slice(0, MAX_TEXT).toWellFormed();
}
