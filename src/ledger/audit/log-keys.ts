import type { OpenCheckpoint } from '../log/checkpoint.ts';
import { LogError } from '../log/log-error.ts';
import type { VerifierKey } from '../log/note.ts';
import { nameOf } from '../published/known-head.ts';
import type { AuditSource } from './audit-source.ts';
import { announcedBy, type Beginning, beginningOf } from './chain.ts';
import type { Findings } from './finding.ts';
import { keyOf, originOf, type ReadCheckpoint, readCheckpoint } from './heads.ts';

/** A log by its number, and where its files are. */
export interface LogFiles {
  readonly number: number;
  readonly source: AuditSource;
  /** Place of its entry 0 in the ledger, as whoever serves it says; the database knows better. */
  readonly base?: number;
}

/** A log with what lies beside it, before it is looked at. */
export interface FoundLog {
  readonly log: LogFiles;
  readonly checkpoint: Uint8Array | null;
  readonly vkey: string | null;
}

/** Where a log's key was had from: the auditor, a log whose key the auditor gave, or only from beside the log. */
export type KeyFrom = 'given' | 'chain' | 'beside';

/** A log with its key and its checkpoint, and what its first entry says. */
export interface OpenedLog extends LogFiles {
  readonly checkpoint: Uint8Array | null;
  readonly key: VerifierKey | null;
  readonly keyFrom: KeyFrom;
  readonly open: OpenCheckpoint | null;
  readonly begun: Beginning | null;
}

/**
 * Chooses each log's key, and opens its checkpoint. A key that was given vouches by the chain for the keys of the logs
 * before it, which each first entry names, and of those after it, which the last entry of a rotated log names.
 */
export async function openAll(
  files: readonly FoundLog[],
  keys: readonly VerifierKey[],
  findings: Findings,
): Promise<OpenedLog[]> {
  const found = files.map((file) => {
    const beside = besideKey(file.log.number, file.vkey, findings);
    const origin = originOf(file.checkpoint) ?? beside?.name ?? null;
    return { ...file, beside, origin, given: keys.find(({ name }) => name === origin) ?? null };
  });
  const announced = await announcedKeys(found);
  const opened: OpenedLog[] = [];
  let vouched: string | null = null;
  for (const [at, { log, checkpoint, beside, origin, given }] of [...found.entries()].toReversed()) {
    const place = { log: log.number, path: 'vkey' };
    const wrong = (text: string) => findings.problem('key', 'key', place, text);
    let key = given ?? beside;
    let keyFrom: KeyFrom = given ? 'given' : 'beside';
    if (given && beside && given.vkey !== beside.vkey)
      wrong(`the key beside the log is not the one that you gave: ${beside.vkey}`);
    if (!given && vouched !== null) {
      keyFrom = 'chain';
      if (beside && vouched !== beside.vkey)
        wrong(`the key beside the log is not the one that the next log names: ${beside.vkey}`);
      key = tryKey(vouched) ?? beside;
    } else if (!given && announced.has(at)) keyFrom = 'chain';
    if (keyFrom === 'beside' && keys.length > 0)
      wrong(
        `the log ${origin ?? ''} is signed by a key that you did not give, and that nothing you gave vouches for: ${beside?.vkey ?? 'there is none beside it'}`,
      );
    if (keyFrom === 'beside' && keys.length === 0)
      findings.note(
        'key',
        'key',
        place,
        'the key is only what lies beside the log: whoever can write there can sign; give the one that you kept (--key)',
      );
    const read = readCheckpoint(checkpoint, key);
    const open = 'open' in read ? read.open : null;
    const begun = open && log.number > 1 ? await beginningOf(log.source, open.size) : null;
    vouched = keyFrom === 'beside' ? null : (begun?.previous.vkey ?? null);
    opened.unshift({ ...log, checkpoint, key, keyFrom, open, begun });
  }
  return opened;
}

/** Of logs in their order those whose key, as it lies beside them, the log before announces as its last entry. */
async function announcedKeys(
  found: readonly (FoundLog & { readonly beside: VerifierKey | null; readonly given: VerifierKey | null })[],
): Promise<ReadonlySet<number>> {
  const announced = new Set<number>();
  let named: string | null = null;
  for (const [at, { log, checkpoint, beside, given }] of found.entries()) {
    const key: VerifierKey | null = given ?? (beside !== null && beside.vkey === named ? beside : null);
    if (key !== null && given === null) announced.add(at);
    const read: ReadCheckpoint | null = key && readCheckpoint(checkpoint, key);
    named = read && 'open' in read ? await announcedBy(log.source, read.open) : null;
  }
  return announced;
}

function besideKey(log: number, vkey: string | null, findings: Findings): VerifierKey | null {
  const place = { log, path: 'vkey' };
  if (vkey === null) {
    findings.problem('missing', 'key', place, 'the verifier key is not there');
    return null;
  }
  try {
    return keyOf(vkey);
  } catch (error) {
    if (!(error instanceof LogError)) throw error;
    findings.problem('unreadable', 'key', place, `the file is no verifier key: ${error.message}`);
    return null;
  }
}

function tryKey(vkey: string): VerifierKey | null {
  try {
    return keyOf(vkey);
  } catch {
    // The chain's own check says that it is another key.
    return null;
  }
}

/** Whether every log of this ledger is here that the auditor has a key of. */
export function checkKeys(
  keys: readonly VerifierKey[],
  opened: readonly OpenedLog[],
  findings: Findings,
): void {
  const names = opened.flatMap(({ key, open }) => open?.origin ?? key?.name ?? []);
  const others = names.map(nameOf);
  for (const { name } of keys) {
    if (names.includes(name) || !others.includes(nameOf(name))) continue;
    findings.problem('origin', 'key', { log: null }, `you gave the key of ${name}, and no such log is here`);
  }
}
