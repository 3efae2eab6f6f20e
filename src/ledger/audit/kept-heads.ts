import type { VerifierKey } from '../log/note.ts';
import type { Anchor } from './anchors.ts';
import type { Findings } from './finding.ts';
import { originOf, readCheckpoint } from './heads.ts';
import type { OpenedLog } from './log-keys.ts';

/** A checkpoint that somebody kept: what the log must contain. */
export interface KeptHead {
  /** The note as it was kept. */
  readonly note: string;
  readonly copy: 'kept checkpoint' | 'head copy';
}

/** Kept checkpoints as heads of the log that they are of. */
export function keptAnchors(
  kept: readonly KeptHead[],
  opened: readonly OpenedLog[],
  keys: readonly VerifierKey[],
  findings: Findings,
): ReadonlyMap<number, Anchor[]> {
  const anchors = new Map<number, Anchor[]>();
  for (const { note, copy } of kept) {
    const origin = originOf(note);
    const log = opened.find(({ key, open }) => (open?.origin ?? key?.name) === origin);
    if (log === undefined) {
      findings.problem(
        'origin',
        copy,
        { log: null },
        `the ${copy} is of ${origin ?? 'no log'}, and no such log is here`,
      );
      continue;
    }
    // By the key that the auditor gave, if that is another than what signed the log.
    const read = readCheckpoint(note, keys.find(({ name }) => name === origin) ?? log.key);
    if ('problem' in read) {
      findings.problem(read.code, copy, { log: log.number }, `the ${copy} ${read.problem}`);
      continue;
    }
    const { size, root } = read.open;
    const list = anchors.get(log.number) ?? [];
    list.push({ size, root, copy, words: `the ${copy} of ${size} entries` });
    anchors.set(log.number, list);
  }
  return anchors;
}

/** What the next log's first entry says of this one: over all its entries where the database has them. */
export function chainAnchor(next: OpenedLog | undefined, hasDatabase: boolean, log: OpenedLog): Anchor[] {
  const previous = next?.begun?.previous;
  if (previous === undefined || previous.log !== log.number) return [];
  // Entries that were never signed are in the database only.
  if (!hasDatabase && previous.size > (log.open?.size ?? 0)) return [];
  const root = Buffer.from(previous.root, 'hex');
  return [
    {
      size: previous.size,
      root,
      copy: 'chain',
      words: `the head of ${previous.size} entries that the next log begins with`,
    },
  ];
}
