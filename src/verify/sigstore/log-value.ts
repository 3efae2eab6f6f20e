import { decodeBase64 } from '../base64.ts';

/** The bytes of a text that is base64; null for anything else. */
export function base64(value: unknown): Uint8Array | null {
  return typeof value === 'string' ? decodeBase64(value) : null;
}

/** The bytes of base64 of one PEM block, a certificate or a public key (RFC 7468); null for anything else. */
export function pem(value: unknown): Uint8Array | null {
  const text = Buffer.from(base64(value) ?? []).toString('latin1');
  const block =
    /^-----BEGIN (CERTIFICATE|PUBLIC KEY)-----\r?\n([A-Za-z0-9+/=\r\n]+)-----END \1-----\s*$/.exec(text);
  return base64(block?.[2]?.replace(/[\r\n]/g, ''));
}
