import { LogError } from './log-error.ts';
import { type NoteSignature, parseSignatureLine } from './note-signature.ts';

export { isKeyName } from './key-name.ts';
export type { NoteSignature } from './note-signature.ts';
export { generateKey, type SignerKey, signerKey } from './signer-key.ts';
export { type Signed, type VerifierKey, verifierKey } from './verifier-key.ts';

/** A signed note (C2SP signed-note, Format). `text` ends in a newline; nothing says that a signature verifies. */
export interface Note {
  readonly text: string;
  readonly signatures: readonly NoteSignature[];
}

/** Bytes of a note that is read: room for a hundred post-quantum signatures. */
export const MAX_NOTE_BYTES = 1024 * 1024;

/** Signatures of a note that is read; the specification asks for at least 16. */
export const MAX_NOTE_SIGNATURES = 100;

/** Reads a note, as UTF-8 where it is bytes. Throws LogError for what is not exactly one. */
export function parseNote(bytes: Uint8Array | string): Note {
  const note = typeof bytes === 'string' ? bytes : utf8(bytes);
  if (note.length > MAX_NOTE_BYTES) throw new LogError('a note is too large');
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is refused
  if (!note.isWellFormed() || /[\u0000-\u0009\u000b-\u001f]/.test(note))
    throw new LogError('a note holds control characters');
  const end = note.lastIndexOf('\n\n');
  const lines = note.slice(end + 2).split('\n');
  if (end < 0 || lines.length < 2 || lines.pop() !== '')
    throw new LogError('a note is not text, an empty line and lines of signatures');
  if (lines.length > MAX_NOTE_SIGNATURES) throw new LogError('a note has more than 100 signatures');
  return { text: note.slice(0, end + 1), signatures: lines.map(parseSignatureLine) };
}

/** A note as it is stored and sent. */
export function noteBytes(note: Note): string {
  return `${note.text}\n${note.signatures.map(({ line }) => `${line}\n`).join('')}`;
}

function utf8(bytes: Uint8Array): string {
  if (bytes.length > MAX_NOTE_BYTES) throw new LogError('a note is too large');
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch (cause) {
    throw new LogError('a note is not UTF-8', { cause });
  }
}
