import { generateKeyPairSync, sign } from 'node:crypto';
import { keyIdOf, keyText } from '../../../src/ledger/log/key-name.ts';
import { type NoteSignature, type VerifierKey, verifierKey } from '../../../src/ledger/log/note.ts';
import { noteSignature } from '../../../src/ledger/log/note-signature.ts';

/** A witness's key, written after C2SP tlog-cosignature. */
export interface TestWitness {
  readonly key: VerifierKey;
  /** `time` in seconds since 1970. */
  cosign(text: string, time: number | bigint): NoteSignature;
  /** The signature that a log would make with this key, over the text alone. */
  bare(text: string): NoteSignature;
}

export function testWitness(name: string): TestWitness {
  const { privateKey, publicKey } = generateKeyPairSync('ed25519');
  const raw = publicKey.export({ format: 'der', type: 'spki' }).subarray(-32);
  const key = verifierKey(keyText(name, keyIdOf(name, 'cosignature/v1', raw), 'cosignature/v1', raw));
  const cosign = (text: string, time: number | bigint) => {
    const timestamp = Buffer.alloc(8);
    timestamp.writeBigUInt64BE(BigInt(time));
    const signature = sign(null, Buffer.from(`cosignature/v1\ntime ${time}\n${text}`), privateKey);
    return noteSignature(name, key.keyId, Buffer.concat([timestamp, signature]));
  };
  const bare = (text: string) => noteSignature(name, key.keyId, sign(null, Buffer.from(text), privateKey));
  return { key, cosign, bare };
}
