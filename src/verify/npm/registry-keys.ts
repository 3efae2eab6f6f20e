import { createPublicKey, type KeyObject } from 'node:crypto';
import { TrustError } from '../trust-error.ts';

/** What the registry uses a key for, as its TUF target spells it. */
export const KEY_USAGES = ['npm:signatures', 'npm:attestations'] as const;
export type KeyUsage = (typeof KEY_USAGES)[number];

/** One pinned key of an npm registry, for one use. */
export interface RegistryKey {
  /** As signatures name it: `SHA256:` and base64. */
  readonly keyid: string;
  readonly usage: KeyUsage;
  /** ECDSA on P-256; it signs with SHA-256. */
  readonly key: KeyObject;
  /** Base64 of the key's SubjectPublicKeyInfo (DER). */
  readonly spki: string;
  /** First instant of its time, ms since 1970. */
  readonly start: number;
  /** First instant after its time, ms since 1970; null for a key without an end. */
  readonly end: number | null;
}

/** The pinned keys; those that are revoked are not among them. */
export interface RegistryKeys {
  /** In the order of the file. */
  readonly all: readonly RegistryKey[];
  /** The key of this id for this use, whatever its time; null where none is pinned. */
  find(keyid: string, usage: KeyUsage): RegistryKey | null;
  /** Whether a key of this id is pinned, for whatever use. */
  knows(keyid: string): boolean;
}

/**
 * Reads the keys of an npm registry: `{"keys":[…]}`, each as the registry's TUF target has it
 * (`keyId`, `keyUsage`, `publicKey: {rawBytes, keyDetails, validFor: {start, end?}}`), or as its API
 * (`/-/npm/v1/keys`) does (`keyid`, `keytype`, `scheme`, `key`, `expires`), which then counts for signatures
 * only and from ever. `"revoked": true` takes out every key of that id and every key with the same bytes.
 * @throws TrustError for anything else, and where no key is left
 */
export function readRegistryKeys(_bytes: Uint8Array): RegistryKeys {
  throw new TrustError('not written yet');
}
