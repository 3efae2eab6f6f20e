import type { SignerKey } from '../ledger/log/note.ts';

/** A DSSE envelope (secure-systems-lab/dsse, envelope.md v1.0.2). */
export interface Envelope {
  readonly payloadType: string;
  /** Base64. */
  readonly payload: string;
  readonly signatures: readonly { readonly keyid: string; readonly sig: string }[];
}

/** The media type of in-toto statements (in-toto attestation framework, spec/v1/envelope.md). */
export const IN_TOTO = 'application/vnd.in-toto+json';

/** The bytes that are signed: the pre-authentication encoding (secure-systems-lab/dsse, protocol.md). */
export function preAuthEncoding(payloadType: string, payload: Uint8Array): Buffer {
  const head = `DSSEv1 ${Buffer.byteLength(payloadType)} ${payloadType} ${payload.length} `;
  return Buffer.concat([Buffer.from(head), payload]);
}

/**
 * Signs bytes under a key of the log. `keyid` is the key's name and id, as its verifier key begins (C2SP signed-note): a
 * hint, which no verifier may trust.
 */
export function envelope(payloadType: string, payload: Uint8Array, key: SignerKey): Envelope {
  const sig = key.signBytes(preAuthEncoding(payloadType, payload)).toString('base64');
  const keyid = /^[^+]+\+[0-9a-f]{8}/.exec(key.vkey)?.[0] ?? key.name;
  return {
    payloadType,
    payload: Buffer.from(payload).toString('base64'),
    signatures: [{ keyid, sig }],
  };
}
