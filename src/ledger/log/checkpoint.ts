import { emptyRoot, HASH_SIZE, type Hash, hashFromBase64 } from './hash.ts';
import { LogError } from './log-error.ts';
import { type Note, parseNote, type SignerKey, type VerifierKey } from './note.ts';
import { decimalSize, isSize } from './size.ts';

/** The head of a log (C2SP tlog-checkpoint): which log, how many entries, and the root of their tree. */
export interface Checkpoint {
  readonly origin: string;
  readonly size: number;
  readonly root: Hash;
  /** Further lines, which nobody audits; we write none. */
  readonly extensions: readonly string[];
}

/** A checkpoint whose log's signature verified, with the note that it came in. */
export interface OpenCheckpoint extends Checkpoint {
  readonly note: Note;
}

/** The text of a checkpoint's note. Throws LogError for what would be read as something else. */
export function checkpointText(checkpoint: Checkpoint): string {
  const { origin, size, root, extensions } = checkpoint;
  if (!isSize(size)) throw new LogError('the size of a checkpoint is no integer from 0 to 2^53-1');
  if (root.length !== HASH_SIZE) throw new LogError('the root of a checkpoint is not 32 bytes');
  if (size === 0 && !root.equals(emptyRoot()))
    throw new LogError('the root of an empty log is that of no bytes');
  for (const line of [origin, ...extensions])
    if (line === '' || line.includes('\n'))
      throw new LogError('a line of a checkpoint is empty or two lines');
  return [origin, size, root.toString('base64'), ...extensions].map((line) => `${line}\n`).join('');
}

/** Reads the text of a checkpoint's note. Throws LogError for every spelling but the one that is specified. */
export function parseCheckpoint(text: string): Checkpoint {
  const lines = text.split('\n');
  if (lines.pop() !== '' || lines.length < 3 || lines.includes(''))
    throw new LogError('a checkpoint is not three lines and more, none of them empty');
  const [origin = '', decimal = '', base64 = '', ...extensions] = lines;
  const size = decimalSize(decimal);
  if (size === null) throw new LogError('the size of a checkpoint is no decimal from 0 to 2^53-1');
  const root = hashFromBase64(base64);
  if (root === null) throw new LogError('the root of a checkpoint is not base64 of 32 bytes');
  // C2SP tlog-witness, add-checkpoint.
  if (size === 0 && !root.equals(emptyRoot()))
    throw new LogError('the root of an empty log is not that of no bytes');
  return { origin, size, root, extensions };
}

/** Signs a checkpoint with the log's key, whose name is the origin. Throws LogError where it is another's. */
export function signCheckpoint(checkpoint: Checkpoint, key: SignerKey): Note {
  if (checkpoint.origin !== key.name)
    throw new LogError('a checkpoint is signed by the key of its origin only');
  const text = checkpointText(checkpoint);
  return { text, signatures: [key.sign(text)] };
}

/**
 * Reads a checkpoint and verifies it under the log's key, whose name is its origin. Throws LogError: also where a
 * second signature has the name and id of that key. Signatures of others are left alone.
 */
export function openCheckpoint(bytes: Uint8Array | string, key: VerifierKey): OpenCheckpoint {
  if (key.type !== 'ed25519') throw new LogError("a witness's key is not the key of a log");
  const note = parseNote(bytes);
  const own = note.signatures.filter(({ name, keyId }) => name === key.name && keyId === key.keyId);
  const [signature] = own;
  if (signature === undefined) throw new LogError("a checkpoint is not signed by the log's key");
  if (own.length > 1) throw new LogError("a checkpoint has two signatures of the log's key");
  if (key.verify(note.text, signature) === null)
    throw new LogError("the signature of the log's key on a checkpoint does not verify");
  const checkpoint = parseCheckpoint(note.text);
  if (checkpoint.origin !== key.name) throw new LogError("a checkpoint's origin is not the log's");
  return { ...checkpoint, note };
}
