import { createPublicKey, type KeyObject } from 'node:crypto';
import { decodeBase64 } from '../base64.ts';
import { EvidenceFault } from '../fault.ts';
import { at, isObject, type JsonObject } from '../json-path.ts';
import { readStrictJson } from '../strict-json.ts';
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
 * only and has no start. `"revoked": true` takes out every key of that id, and the same key under every other id,
 * however it is encoded. Members that are not known are refused, so that a slip in `revoked` leaves no key in.
 * @throws TrustError for anything else, and where no key is left
 */
export function readRegistryKeys(bytes: Uint8Array): RegistryKeys {
  const entries = at(readJson(bytes), 'keys');
  if (!Array.isArray(entries)) throw new TrustError('npm keys: there is no list of keys');
  const read = entries.map((entry: unknown, index) => readKey(entry, `npm keys: keys[${index}]`));

  const byUse = new Map<string, RegistryKey>();
  for (const { key } of read) {
    const use = useOf(key.keyid, key.usage);
    if (byUse.has(use)) throw new TrustError(`npm keys: ${key.keyid} is there twice for ${key.usage}`);
    if ([...byUse.values()].some((other) => other.keyid === key.keyid && other.spki !== key.spki)) {
      throw new TrustError(`npm keys: ${key.keyid} is the id of two keys`);
    }
    byUse.set(use, key);
  }
  const revoked = read.filter((entry) => entry.revoked).map((entry) => entry.key);
  const all = [...byUse.values()].filter(
    (key) => !revoked.some((gone) => gone.keyid === key.keyid || gone.key.equals(key.key)),
  );
  if (all.length === 0) throw new TrustError('npm keys: there is no key that is not revoked');
  const left = new Map(all.map((key) => [useOf(key.keyid, key.usage), key]));
  return {
    all,
    find: (keyid, usage) => left.get(useOf(keyid, usage)) ?? null,
    knows: (keyid) => all.some((key) => key.keyid === keyid),
  };
}

function useOf(keyid: string, usage: KeyUsage): string {
  return `${usage} ${keyid}`;
}

function readJson(bytes: Uint8Array): unknown {
  try {
    return readStrictJson(bytes);
  } catch (error) {
    if (error instanceof EvidenceFault) throw new TrustError(`npm keys: the file is ${error.cause}`);
    throw error;
  }
}

interface Entry {
  readonly key: RegistryKey;
  readonly revoked: boolean;
}

function readKey(entry: unknown, place: string): Entry {
  if (!isObject(entry)) throw new TrustError(`${place} is not an object`);
  const revoked = at(entry, 'revoked') ?? false;
  if (typeof revoked !== 'boolean') throw new TrustError(`${place}: revoked is neither true nor false`);
  const key = at(entry, 'keyId') === undefined ? readApiKey(entry, place) : readTargetKey(entry, place);
  if (key.end !== null && key.end <= key.start)
    throw new TrustError(`${place}: its time ends before it begins`);
  return { key, revoked };
}

function readTargetKey(entry: JsonObject, place: string): RegistryKey {
  onlyMembers(entry, ['keyId', 'keyUsage', 'publicKey', 'revoked'], place);
  const usage = KEY_USAGES.find((known) => known === at(entry, 'keyUsage'));
  if (usage === undefined) throw new TrustError(`${place}: its use is not known`);
  const publicKey = at(entry, 'publicKey');
  const validFor = at(publicKey, 'validFor');
  onlyMembers(publicKey, ['rawBytes', 'keyDetails', 'validFor'], `${place}.publicKey`);
  onlyMembers(validFor, ['start', 'end'], `${place}.publicKey.validFor`);
  if (at(publicKey, 'keyDetails') !== 'PKIX_ECDSA_P256_SHA_256') throw notP256(place);
  return {
    keyid: readKeyid(at(entry, 'keyId'), place),
    usage,
    ...readSpki(at(publicKey, 'rawBytes'), place),
    start: readInstant(at(validFor, 'start'), place),
    end: readEnd(at(validFor, 'end') ?? null, place),
  };
}

function readApiKey(entry: JsonObject, place: string): RegistryKey {
  onlyMembers(entry, ['keyid', 'keytype', 'scheme', 'key', 'expires', 'revoked'], place);
  const kinds = [at(entry, 'keytype'), at(entry, 'scheme')];
  if (kinds.some((kind) => kind !== 'ecdsa-sha2-nistp256')) throw notP256(place);
  return {
    keyid: readKeyid(at(entry, 'keyid'), place),
    usage: 'npm:signatures',
    ...readSpki(at(entry, 'key'), place),
    start: 0,
    end: readEnd(at(entry, 'expires'), place),
  };
}

function onlyMembers(value: unknown, known: readonly string[], place: string): void {
  if (!isObject(value)) throw new TrustError(`${place} is not an object`);
  const strange = Object.keys(value).find((name) => !known.includes(name));
  if (strange !== undefined) throw new TrustError(`${place}: ${JSON.stringify(strange)} is not known`);
}

function readKeyid(value: unknown, place: string): string {
  if (typeof value === 'string' && /^[\x21-\x7e]{1,256}$/.test(value)) return value;
  throw new TrustError(`${place}: its id is missing, or not plain text`);
}

function readSpki(value: unknown, place: string): Pick<RegistryKey, 'key' | 'spki'> {
  const der = typeof value === 'string' ? decodeBase64(value) : null;
  if (typeof value !== 'string' || !der) throw new TrustError(`${place}: its bytes are not base64`);
  const key = publicKeyOf(der);
  if (key?.asymmetricKeyDetails?.namedCurve !== 'prime256v1') throw notP256(place);
  return { key, spki: value };
}

function publicKeyOf(der: Buffer): KeyObject | null {
  try {
    return createPublicKey({ key: der, format: 'der', type: 'spki' });
  } catch {
    // OpenSSL's words are not ours.
    return null;
  }
}

function readEnd(value: unknown, place: string): number | null {
  return value === null ? null : readInstant(value, place);
}

function readInstant(value: unknown, place: string): number {
  const ms =
    typeof value === 'string' && /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?Z$/.test(value)
      ? Date.parse(value)
      : Number.NaN;
  if (Number.isNaN(ms)) throw new TrustError(`${place}: its time is missing, or not one of RFC 3339 in UTC`);
  return ms;
}

function notP256(place: string): TrustError {
  return new TrustError(`${place} is not an ECDSA key on P-256 for SHA-256`);
}
