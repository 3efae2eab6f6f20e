import { createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import { canonicalBase64 } from './base64.ts';
import { isKeyName, keyIdOf, keyText, SIGNATURE_TYPES } from './key-name.ts';
import { LogError } from './log-error.ts';
import { type NoteSignature, noteSignature } from './note-signature.ts';

/** A private Ed25519 key that signs notes under its name. The key itself is nowhere in the object. */
export interface SignerKey {
  readonly name: string;
  readonly vkey: string;
  /** Signs a note's text, which ends in a newline. Throws LogError for another. */
  sign(text: string): NoteSignature;
  /**
   * The bare Ed25519 signature over bytes with a domain of their own, as DSSE's are ("DSSEv1 …"). Throws LogError for
   * bytes that begin like a checkpoint of this key's log: those are signed by `sign` alone.
   */
  signBytes(bytes: Uint8Array): Buffer;
  readonly publicKey: KeyObject;
}

// RFC 8410: PrivateKeyInfo of an Ed25519 key, all but its 32 bytes.
const PKCS8 = Buffer.from('302e020100300506032b657004220420', 'hex');

/**
 * Reads `PRIVATE+KEY+<name>+<key id>+<base64 of type and seed>`, as Go's sumdb/note writes it. Throws LogError, never
 * with anything of the key in its words.
 */
export function signerKey(skey: string): SignerKey {
  const [, name = '', id = '', base64 = ''] =
    /^PRIVATE\+KEY\+([^+]+)\+([0-9a-f]{8})\+([A-Za-z0-9+/=]+)$/.exec(skey) ?? [];
  const bytes = canonicalBase64(base64);
  if (!isKeyName(name) || bytes === null || bytes.length !== 33 || bytes[0] !== SIGNATURE_TYPES.ed25519)
    throw new LogError('a private key is not PRIVATE+KEY+<name>+<id>+<base64 of an Ed25519 key>');
  const privateKey = fromSeed(bytes.subarray(1));
  const publicKey = createPublicKey(privateKey);
  const raw = rawPublicKey(publicKey);
  const keyId = keyIdOf(name, 'ed25519', raw);
  if (keyId !== Number.parseInt(id, 16)) throw new LogError('the id of a private key is not its own');
  const checkpoint = Buffer.from(`${name}\n`);
  return {
    name,
    vkey: keyText(name, keyId, 'ed25519', raw),
    publicKey,
    sign: (text) => {
      // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is refused
      if (!text.endsWith('\n') || !text.isWellFormed() || /[\u0000-\u0009\u000b-\u001f]/.test(text))
        throw new LogError('this is not the text of a note');
      return noteSignature(name, keyId, sign(null, Buffer.from(text), privateKey));
    },
    signBytes: (bytes) => {
      if (checkpoint.equals(bytes.subarray(0, checkpoint.length)))
        throw new LogError('these bytes begin like a checkpoint');
      return sign(null, bytes, privateKey);
    },
  };
}

/** Makes a new Ed25519 key. Throws LogError where the name is none. */
export function generateKey(name: string): { readonly skey: string; readonly vkey: string } {
  if (!isKeyName(name)) throw new LogError('a key name is empty, or has a space or a plus');
  const { privateKey, publicKey } = generateKeyPairSync('ed25519');
  const seed = privateKey.export({ format: 'der', type: 'pkcs8' }).subarray(-32);
  const raw = rawPublicKey(publicKey);
  const keyId = keyIdOf(name, 'ed25519', raw);
  return {
    skey: `PRIVATE+KEY+${keyText(name, keyId, 'ed25519', seed)}`,
    vkey: keyText(name, keyId, 'ed25519', raw),
  };
}

function fromSeed(seed: Buffer): KeyObject {
  return createPrivateKey({ key: Buffer.concat([PKCS8, seed]), format: 'der', type: 'pkcs8' });
}

function rawPublicKey(key: KeyObject): Buffer {
  return key.export({ format: 'der', type: 'spki' }).subarray(-32);
}
