import { canonicalBase64 } from './base64.ts';
import { type Checkpoint, type OpenCheckpoint, openCheckpoint } from './checkpoint.ts';
import { HASH_SIZE, type Hash, hashFromBase64, leafHashOf } from './hash.ts';
import { LogError } from './log-error.ts';
import { hashReader, type LogSource, readEntry } from './log-source.ts';
import { inclusionProof, verifyInclusion } from './merkle-proof.ts';
import { noteBytes, type VerifierKey } from './note.ts';
import { decimalSize, isSize } from './size.ts';
import { type CosignedBy, cosignedBy, type TlogPolicy } from './tlog-policy.ts';

/**
 * That an entry is in a log, for whoever has the log's public key (C2SP tlog-proof). `extra` are the entry's own bytes,
 * which the proof binds; `checkpoint` is the note as it was published.
 */
export interface TlogProof {
  readonly extra: Buffer | null;
  readonly index: number;
  readonly hashes: readonly Hash[];
  readonly checkpoint: string;
}

/** What a proof shows. */
export interface ProvenEntry {
  readonly entry: Buffer;
  readonly index: number;
  readonly checkpoint: Checkpoint;
  /** By the policy that was handed in: not thrown where it is not met. Without a policy nobody counts, and it is not. */
  readonly cosigned: CosignedBy;
}

const HEADER = 'c2sp.org/tlog-proof@v1';

/** Hashes of a proof at most: a tree of 2^63 leaves has no longer path. */
const MAX_PROOF_HASHES = 63;

/** Characters of a proof that is read. */
const MAX_PROOF = 2 * 1024 * 1024;

/** A proof as it is stored, by its file extension `.tlog-proof`. Throws LogError for what could not be read again. */
export function tlogProofText(proof: TlogProof): string {
  if (!isSize(proof.index)) throw new LogError('the index of a tlog-proof is no integer from 0 to 2^53-1');
  if (proof.hashes.length > MAX_PROOF_HASHES || proof.hashes.some((hash) => hash.length !== HASH_SIZE))
    throw new LogError('a tlog-proof has at most 63 hashes of 32 bytes');
  const lines = [HEADER];
  if (proof.extra !== null) lines.push(`extra ${proof.extra.toString('base64')}`);
  lines.push(`index ${proof.index}`, ...proof.hashes.map((hash) => hash.toString('base64')), '');
  return `${lines.join('\n')}\n${proof.checkpoint}`;
}

/** Reads a proof. Throws LogError for every spelling but the one that is specified; verifies nothing. */
export function parseTlogProof(text: string): TlogProof {
  if (text.length > MAX_PROOF) throw new LogError('a tlog-proof is too large');
  const end = text.indexOf('\n\n');
  if (end < 0) throw new LogError('a tlog-proof has no empty line before its checkpoint');
  const [header, ...lines] = text.slice(0, end).split('\n');
  if (header !== HEADER) throw new LogError(`a tlog-proof does not begin with ${HEADER}`);
  let extra: Buffer | null = null;
  if (lines[0]?.startsWith('extra ')) {
    extra = canonicalBase64(lines[0].slice('extra '.length));
    if (extra === null) throw new LogError('the extra line of a tlog-proof is not base64');
    lines.shift();
  }
  const [, decimal = ''] = /^index ([0-9]+)$/.exec(lines.shift() ?? '') ?? [];
  const index = decimalSize(decimal);
  if (index === null) throw new LogError('a tlog-proof has no index line');
  if (lines.length > MAX_PROOF_HASHES) throw new LogError('a tlog-proof has more than 63 hashes');
  const hashes = lines.map((line) => {
    const hash = hashFromBase64(line);
    if (hash === null) throw new LogError('a hash of a tlog-proof is not base64 of 32 bytes');
    return hash;
  });
  return { extra, index, hashes, checkpoint: text.slice(end + 2) };
}

/**
 * Makes the proof that an entry is in the log of a checkpoint, with the entry in it. Throws LogError where the log's
 * files do not lead to the checkpoint's root.
 */
export async function proveEntry(
  source: LogSource,
  checkpoint: OpenCheckpoint,
  index: number,
): Promise<TlogProof> {
  const { size, root } = checkpoint;
  const [entry, hashes] = await Promise.all([
    readEntry(source, size, index),
    inclusionProof(index, size, hashReader(source, size)),
  ]);
  verifyInclusion(leafHashOf(entry), index, size, hashes, root);
  return { extra: entry, index, hashes, checkpoint: noteBytes(checkpoint.note) };
}

/**
 * Verifies a proof that carries its entry: the log's signature, the path from the entry to the root, and whose
 * cosignatures it has. Throws LogError; where the policy names logs, also for the key of another log.
 */
export function verifyTlogProof(proof: TlogProof, key: VerifierKey, policy?: TlogPolicy): ProvenEntry {
  if (policy !== undefined && policy.logs.length > 0 && !policy.logs.some((log) => log.key.vkey === key.vkey))
    throw new LogError('the witness policy does not name this log');
  const { note, ...checkpoint } = openCheckpoint(proof.checkpoint, key);
  if (proof.extra === null) throw new LogError('a tlog-proof does not carry its entry');
  verifyInclusion(leafHashOf(proof.extra), proof.index, checkpoint.size, proof.hashes, checkpoint.root);
  const cosigned = policy === undefined ? { witnesses: [], met: false } : cosignedBy(note, policy);
  return { entry: proof.extra, index: proof.index, checkpoint, cosigned };
}
