import { hash } from 'node:crypto';

/** Signature types of C2SP signed-note that are read here, by their identifier byte. */
export const SIGNATURE_TYPES = { ed25519: 0x01, 'cosignature/v1': 0x04 } as const;

/** `ed25519`: over the note's text. `cosignature/v1`: a witness's, over a time and the text (C2SP tlog-cosignature). */
export type SignatureType = keyof typeof SIGNATURE_TYPES;

/**
 * Whether a text is a key's name (C2SP signed-note, Format): not empty, no Unicode spaces, no plus, and nothing that a
 * note may not hold.
 */
export function isKeyName(name: string): boolean {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is refused
  return name !== '' && name.isWellFormed() && !/[\p{White_Space}+\u0000-\u001f]/u.test(name);
}

/** The id of a key: the first four bytes of SHA-256(name || 0x0A || type || public key). */
export function keyIdOf(name: string, type: SignatureType, publicKey: Uint8Array): number {
  const type1 = Buffer.from([SIGNATURE_TYPES[type]]);
  return hash('sha256', Buffer.concat([Buffer.from(`${name}\n`), type1, publicKey]), 'buffer').readUInt32BE();
}

/** A key's text: name, id in lower-case hex, and base64 of type and key material, with a plus between. */
export function keyText(name: string, keyId: number, type: SignatureType, material: Uint8Array): string {
  const bytes = Buffer.concat([Buffer.from([SIGNATURE_TYPES[type]]), material]);
  return `${name}+${keyId.toString(16).padStart(8, '0')}+${bytes.toString('base64')}`;
}
