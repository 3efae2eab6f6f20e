import { createPublicKey, type KeyObject, verify } from 'node:crypto';
import { canonicalBase64 } from './base64.ts';
import { isKeyName, keyIdOf, keyText, SIGNATURE_TYPES, type SignatureType } from './key-name.ts';
import { LogError } from './log-error.ts';
import type { NoteSignature } from './note-signature.ts';

/** What a signature that verifies says: a cosignature's time in seconds since 1970, else nothing. */
export interface Signed {
  readonly time: number | null;
}

/** A public key that verifies notes (C2SP signed-note, Verifier keys). */
export interface VerifierKey {
  readonly name: string;
  readonly keyId: number;
  readonly type: SignatureType;
  readonly vkey: string;
  /** The Ed25519 public key, 32 bytes. */
  readonly publicKey: Buffer;
  /** Whether the signature is this key's, over this note text; null where it is not. */
  verify(text: string, signature: NoteSignature): Signed | null;
}

// RFC 8410: SubjectPublicKeyInfo of an Ed25519 key, all but its 32 bytes.
const SPKI = Buffer.from('302a300506032b6570032100', 'hex');

/**
 * Reads `<name>+<key id>+<base64 of type and public key>`, for Ed25519 signatures (0x01) and witnesses' cosignatures
 * (0x04). Throws LogError for every other type or spelling, and where the id is not that of the name and key.
 */
export function verifierKey(vkey: string): VerifierKey {
  const [, name = '', base64 = ''] = /^([^+]+)\+[0-9a-f]{8}\+([A-Za-z0-9+/=]+)$/.exec(vkey) ?? [];
  const bytes = canonicalBase64(base64);
  if (!isKeyName(name) || bytes === null) throw new LogError('a verifier key is not <name>+<id>+<base64>');
  const type = typeOf(bytes[0]);
  const raw = bytes.subarray(1);
  if (type === null) throw new LogError('a verifier key has a signature type that is not read here');
  if (raw.length !== 32) throw new LogError('a verifier key is not 32 bytes');
  const keyId = keyIdOf(name, type, raw);
  if (keyText(name, keyId, type, raw) !== vkey) throw new LogError('the id of a verifier key is not its own');
  const key = ed25519PublicKey(raw);
  return {
    name,
    keyId,
    type,
    vkey,
    publicKey: raw,
    verify: (text, signature) => {
      if (signature.name !== name || signature.keyId !== keyId) return null;
      return type === 'ed25519'
        ? verifyText(key, text, signature.signature)
        : verifyCosignature(key, text, signature.signature);
    },
  };
}

/** An Ed25519 public key from its 32 bytes. Throws LogError. */
export function ed25519PublicKey(raw: Buffer): KeyObject {
  try {
    return createPublicKey({ key: Buffer.concat([SPKI, raw]), format: 'der', type: 'spki' });
  } catch (cause) {
    throw new LogError('these are not the bytes of an Ed25519 public key', { cause });
  }
}

function typeOf(byte: number | undefined): SignatureType | null {
  if (byte === SIGNATURE_TYPES.ed25519) return 'ed25519';
  return byte === SIGNATURE_TYPES['cosignature/v1'] ? 'cosignature/v1' : null;
}

function verifyText(key: KeyObject, text: string, signature: Buffer): Signed | null {
  return signature.length === 64 && verify(null, Buffer.from(text), key, signature) ? { time: null } : null;
}

/** C2SP tlog-cosignature, Format and Ed25519 signed message: eight bytes of time, then the signature. */
function verifyCosignature(key: KeyObject, text: string, signature: Buffer): Signed | null {
  if (signature.length !== 8 + 64) return null;
  const time = Number(signature.readBigUInt64BE());
  if (!Number.isSafeInteger(time)) return null;
  const message = Buffer.from(`cosignature/v1\ntime ${time}\n${text}`);
  return verify(null, message, key, signature.subarray(8)) ? { time } : null;
}
