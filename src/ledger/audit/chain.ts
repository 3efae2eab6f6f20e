import { type Hash, leafHashOf } from '../log/hash.ts';
import { LogError } from '../log/log-error.ts';
import { hashReader, readEntry } from '../log/log-source.ts';
import { inclusionProof, verifyInclusion } from '../log/merkle-proof.ts';
import type { VerifierKey } from '../log/note.ts';
import type { AuditSource } from './audit-source.ts';
import { type ReadEntry, readForm } from './entry-form.ts';
import type { Findings } from './finding.ts';

/** What the first entry of a log says of the log before it. */
export interface Previous {
  readonly log: number;
  readonly origin: string;
  readonly vkey: string;
  /** Entries that the ledger had of it, the root over them (64 hex digits), and how many of them were signed. */
  readonly size: number;
  readonly root: string;
  readonly signed: number;
}

/** The first entry of a log that is not the first. */
export interface Beginning {
  readonly log: number;
  readonly origin: string;
  readonly vkey: string;
  readonly reason: string;
  /** Its place in the ledger. */
  readonly base: number;
  readonly previous: Previous;
}

/** Reads the first entry of a log, where it is one that begins a log; null otherwise. Its own walk verifies it. */
export async function beginningOf(source: AuditSource, size: number): Promise<Beginning | null> {
  try {
    const entry = readForm(await readEntry(source, size, 0));
    return typeof entry === 'string' ? null : beginning(entry);
  } catch (error) {
    if (error instanceof LogError) return null;
    throw error;
  }
}

/** What a `log` entry says; null for another entry, or one that lacks any of it. */
export function beginning(entry: ReadEntry): Beginning | null {
  const { type, log, origin, vkey, base, reason, previous } = entry;
  if (type !== 'log' || typeof log !== 'number' || typeof previous !== 'object' || previous === null)
    return null;
  if (typeof origin !== 'string' || typeof vkey !== 'string' || typeof reason !== 'string') return null;
  if (typeof base !== 'number') return null;
  const before = previous as Readonly<Record<string, unknown>>;
  const { size, root, signed } = before;
  if (typeof before['log'] !== 'number' || typeof before['origin'] !== 'string') return null;
  if (typeof before['vkey'] !== 'string' || typeof size !== 'number' || typeof signed !== 'number')
    return null;
  if (typeof root !== 'string' || !/^[0-9a-f]{64}$/.test(root)) return null;
  return {
    log,
    origin,
    vkey,
    base,
    reason,
    previous: { log: before['log'], origin: before['origin'], vkey: before['vkey'], size, root, signed },
  };
}

/**
 * The verifier key that a log names as the next one's, where its last entry announces it and the checkpoint vouches for
 * that entry; null otherwise, also where what is needed to see so is not there.
 */
export async function announcedBy(
  source: AuditSource,
  { size, root }: { readonly size: number; readonly root: Hash },
): Promise<string | null> {
  if (size === 0) return null;
  try {
    const last = size - 1;
    const bytes = await readEntry(source, size, last);
    verifyInclusion(
      leafHashOf(bytes),
      last,
      size,
      await inclusionProof(last, size, hashReader(source, size)),
      root,
    );
    const entry = readForm(bytes);
    if (typeof entry === 'string' || entry['type'] !== 'admin' || entry['code'] !== 'key-rotated')
      return null;
    return typeof entry['vkey'] === 'string' ? entry['vkey'] : null;
  } catch (error) {
    if (error instanceof LogError) return null;
    throw error;
  }
}

/** Of two logs: whether the later one's first entry names the earlier one as it is. */
export function checkLink(
  begun: Beginning | null,
  log: { readonly number: number; readonly key: VerifierKey | null; readonly base: number | null },
  before: { readonly number: number; readonly key: VerifierKey | null; readonly size: number | null } | null,
  hasDatabase: boolean,
  findings: Findings,
): void {
  const place = { log: log.number, from: 0 };
  const wrong = (text: string) => findings.problem('changed', 'chain', place, text);
  if (begun === null) {
    wrong('the first entry does not name the log before it');
    return;
  }
  if (begun.log !== log.number) wrong(`the first entry says that this is log ${begun.log}`);
  if (log.base !== null && begun.base !== log.base)
    wrong(`the first entry says that it is entry ${begun.base} of the ledger, and here it is ${log.base}`);
  if (log.key !== null && (begun.vkey !== log.key.vkey || begun.origin !== log.key.name))
    findings.problem(
      'key',
      'chain',
      place,
      `the first entry names another key than the one that signed: ${begun.vkey}`,
    );
  if (begun.reason !== 'rotation')
    findings.note(
      'told',
      'chain',
      place,
      `the log was begun because of ${begun.reason}: the log before it ended with ${begun.previous.size} entries`,
    );
  const { previous } = begun;
  if (before === null) {
    findings.problem(
      'missing',
      'files',
      { log: previous.log },
      'the log is not there: the next one names it',
    );
    return;
  }
  if (before.key !== null && (previous.vkey !== before.key.vkey || previous.origin !== before.key.name))
    findings.problem(
      'key',
      'chain',
      place,
      `the first entry names another key of the log before it: ${previous.vkey}`,
    );
  if (before.size === null || before.size === previous.signed) return;
  const text = `log ${before.number} was signed up to ${previous.signed} entries, and its checkpoint is of ${before.size}`;
  // The last head may be sealed and not signed; then the database has what is below it, and the chain vouches for that.
  if (hasDatabase && before.size < previous.signed) findings.note('late', 'chain', place, text);
  else wrong(text);
}

/** Of a log whose last entry announces the next under the old key: whether that is the log that follows. */
export function checkEnd(
  { log, index, entry }: { readonly log: number; readonly index: number; readonly entry: ReadEntry | null },
  next: { readonly key: VerifierKey | null; readonly begun: Beginning | null } | undefined,
  findings: Findings,
): void {
  if (entry?.['type'] !== 'admin' || entry['code'] !== 'key-rotated') return;
  const place = { log, from: index };
  const announced = `the last entry says that ${entry['origin']} follows, signed by ${entry['vkey']}`;
  if (next === undefined) findings.problem('missing', 'chain', place, `${announced}: it is not there`);
  // Set back to this very moment, a ledger begins another one, and says so.
  else if (next.begun?.reason === 'rotation' && next.key?.vkey !== entry['vkey'])
    findings.problem('key', 'chain', place, `${announced}: what follows is signed by another key`);
}
