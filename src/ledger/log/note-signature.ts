import { canonicalBase64 } from './base64.ts';
import { isKeyName } from './key-name.ts';
import { LogError } from './log-error.ts';

/** One signature of a note. `signature` is without the four bytes of the key's id; `line` without its newline. */
export interface NoteSignature {
  readonly name: string;
  readonly keyId: number;
  readonly signature: Buffer;
  readonly line: string;
}

const LINE = /^\u2014 ([^ ]+) ([A-Za-z0-9+/=]+)$/;

/** Makes the signature that a key gave, with its line (C2SP signed-note, Signatures). */
export function noteSignature(name: string, keyId: number, signature: Buffer): NoteSignature {
  const id = Buffer.allocUnsafe(4);
  id.writeUInt32BE(keyId);
  const line = `\u2014 ${name} ${Buffer.concat([id, signature]).toString('base64')}`;
  return { name, keyId, signature, line };
}

/** Reads one signature line, without its newline. Throws LogError. */
export function parseSignatureLine(line: string): NoteSignature {
  const [, name, base64] = LINE.exec(line) ?? [];
  const bytes = base64 === undefined ? null : canonicalBase64(base64);
  if (name === undefined || !isKeyName(name) || bytes === null || bytes.length < 5)
    throw new LogError('a signature line is not "\u2014 <key name> <base64>"');
  return { name, keyId: bytes.readUInt32BE(), signature: bytes.subarray(4), line };
}
