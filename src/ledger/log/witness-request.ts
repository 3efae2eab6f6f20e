import { HASH_SIZE, type Hash } from './hash.ts';
import { LogError } from './log-error.ts';
import { MAX_NOTE_SIGNATURES, type NoteSignature, type VerifierKey } from './note.ts';
import { parseSignatureLine } from './note-signature.ts';
import { decimalSize, isSize } from './size.ts';

/** Characters of a witness's answer that is read. */
const MAX_ANSWER = 1024 * 1024;

/**
 * The body of `add-checkpoint` (C2SP tlog-witness): the size that the witness last cosigned, the proof from it to the
 * checkpoint, and the checkpoint's note. Throws LogError for what a witness must refuse unread.
 */
export function addCheckpointBody(oldSize: number, proof: readonly Hash[], checkpoint: string): string {
  if (!isSize(oldSize)) throw new LogError('the old size is no integer from 0 to 2^53-1');
  if (proof.length > 63 || (oldSize === 0 && proof.length > 0)) throw new LogError('the proof is too long');
  if (proof.some((hash) => hash.length !== HASH_SIZE)) throw new LogError('a hash is not 32 bytes');
  return `old ${oldSize}\n${proof.map((hash) => `${hash.toString('base64')}\n`).join('')}\n${checkpoint}`;
}

/**
 * The cosignatures of these keys in a witness's answer of status 200, over the text of the checkpoint that was offered.
 * Lines of other keys are left out. Throws LogError where one of these keys' does not verify or says no time, where
 * there is none of them, and where the answer is not lines of signatures.
 */
export function readCosignatures(body: string, text: string, keys: readonly VerifierKey[]): NoteSignature[] {
  if (body.length > MAX_ANSWER) throw new LogError("a witness's answer is too large");
  const lines = body.split('\n');
  if (lines.pop() !== '' || lines.length === 0 || lines.length > MAX_NOTE_SIGNATURES)
    throw new LogError("a witness's answer is not lines of signatures");
  const cosignatures = lines.map(parseSignatureLine).filter((signature) => {
    const key = keys.find(({ name, keyId }) => name === signature.name && keyId === signature.keyId);
    if (key === undefined) return false;
    const time = key.verify(text, signature)?.time ?? 0;
    if (time === 0) throw new LogError("a witness's cosignature does not verify");
    return true;
  });
  if (cosignatures.length === 0) throw new LogError("a witness's answer has no cosignature of its key");
  return cosignatures;
}

/** The size that a witness last cosigned, from its answer of status 409. Throws LogError. */
export function conflictSize(body: string): number {
  const size = body.endsWith('\n') ? decimalSize(body.slice(0, -1)) : null;
  if (size === null) throw new LogError("a witness's answer is not the size that it knows");
  return size;
}
